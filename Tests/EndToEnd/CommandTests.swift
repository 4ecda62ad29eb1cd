import Foundation
import Shared
import TestNetwork
import Testing

/// A folder and the node's program, without a network.
struct Operator {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "blindference-operator-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try write("password", "correct horse", mode: 0o600)
    }

    func file(_ name: String) -> String { folder.appending(path: name).path }

    @discardableResult
    func write(_ name: String, _ text: String, mode: Int) throws -> String {
        try? FileManager.default.removeItem(atPath: file(name))
        _ = FileManager.default.createFile(
            atPath: file(name), contents: Data(text.utf8), attributes: [.posixPermissions: mode])
        return file(name)
    }

    func read(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }

    /// Runs `blindference-node` in the folder to its end. Its input is closed: there is no terminal.
    func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> (status: Int32, output: String) {
        let child = try ChildProcess(
            TestNetwork.binaries.appending(path: "blindference-node"), arguments,
            environment: ["BLF_CONFIG_DIR": folder.path].merging(environment) { $1 }, directory: folder,
            output: folder.appending(path: "output-\(UUID().uuidString)"))
        child.closeInput()
        return (try await child.end(within: 60), child.text)
    }

    /// `init` with the folder's password.
    func initialise() async throws {
        let made = try await run("init", "--password-file", file("password"))
        try #require(made.status == 0, "\(made.output)")
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}

@Suite("The commands: keystore and wallet", .crowd)
struct KeystoreCommandTests {
    private static let key = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
    private static let address = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

    @Test("a key is imported from a file and from the environment, and the keystore is the owner's alone")
    func imports() async throws {
        for fromFile in [true, false] {
            let operating = try Operator()
            defer { operating.remove() }
            let key = try operating.write("key", "0x\(Self.key)\n", mode: 0o600)
            let result =
                fromFile
                ? try await operating.run("init", "--private-key-file", key, "--password-file", operating.file("password"))
                : try await operating.run("init", environment: ["BLF_PRIVATE_KEY": Self.key, "BLF_KEY_PASSWORD": "correct horse"])
            #expect(result.status == 0, "\(result.output)")
            #expect(result.output.contains(Self.address), "\(result.output)")
            #expect(!result.output.contains(Self.key))
            for name in ["keystore.json", "config.json"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: operating.file(name))
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
            }
        }
    }

    @Test("init never replaces a keystore without --force, and says how")
    func overwrite() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        try await operating.initialise()
        let before = try operating.read("keystore.json")
        let again = try await operating.run("init", "--password-file", operating.file("password"))
        #expect(again.status == 1)
        #expect(again.output.contains("--force"))
        #expect(try operating.read("keystore.json") == before)
        let forced = try await operating.run("init", "--force", "--password-file", operating.file("password"))
        #expect(forced.status == 0)
        #expect(try operating.read("keystore.json") != before)
    }

    @Test("without a terminal and a password, init says what to do and writes nothing")
    func noPassword() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        let result = try await operating.run("init")
        #expect(result.status == 1)
        #expect(result.output.contains("BLF_KEY_PASSWORD") && result.output.contains("--password-file"))
        #expect(!FileManager.default.fileExists(atPath: operating.file("keystore.json")))
        let empty = try await operating.run("init", "--password-file", operating.write("empty", "\n", mode: 0o600))
        #expect(empty.status == 1)
        #expect(empty.output.contains("empty password"))
        let malformed = try await operating.run(
            "init", "--password-file", operating.file("password"), "--private-key-file",
            operating.write("key", "not a key", mode: 0o600))
        #expect(malformed.status == 1)
        #expect(malformed.output.contains("64 hexadecimal digits"))
        #expect(!FileManager.default.fileExists(atPath: operating.file("keystore.json")))
    }

    @Test("wrong password, damaged keystore, keystore bomb and missing keystore are told apart")
    func keystores() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        let settings = [
            "BLF_MOCK_MODEL_IDS": "mock", "BLF_COFHE_MODE": "python", "BLF_COFHE_ENDPOINT": "http://127.0.0.1:1",
            "BLF_ICL_ENDPOINT": "http://127.0.0.1:1", "BLF_KEY_PASSWORD": "correct horse",
        ]
        let missing = try await operating.run("run", environment: settings)
        #expect(missing.status == 1)
        #expect(missing.output.contains("blindference-node init"))
        try await operating.initialise()
        let wrong = try await operating.run("run", environment: settings.merging(["BLF_KEY_PASSWORD": "wrong"]) { $1 })
        #expect(wrong.status == 1)
        #expect(wrong.output.contains("password is wrong"))
        let good = try operating.read("keystore.json")
        try operating.write("keystore.json", String(good.dropLast(40)), mode: 0o600)
        let damaged = try await operating.run("run", environment: settings)
        #expect(damaged.status == 1)
        #expect(damaged.output.contains("damaged"))
        let bomb = good.replacing(/"n": ?\d+/, with: "\"n\":1099511627776")
        try #require(bomb != good)
        try operating.write("keystore.json", bomb, mode: 0o600)
        let start = ContinuousClock.now
        let refused = try await operating.run("run", environment: settings)
        #expect(refused.status == 1)
        #expect(refused.output.contains("more memory or time"))
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test("files with secrets that others may read are refused", arguments: ["password", "key", "api"])
    func exposed(kind: String) async throws {
        let operating = try Operator()
        defer { operating.remove() }
        let result: (status: Int32, output: String)
        switch kind {
        case "password": result = try await operating.run("init", "--password-file", operating.write("open", "x", mode: 0o644))
        case "key":
            result = try await operating.run(
                "init", "--password-file", operating.file("password"), "--private-key-file",
                operating.write("open", Self.key, mode: 0o640))
        default:
            result = try await operating.run(
                "status",
                environment: [
                    "BLF_OPENAI_API_KEY_FILE": try operating.write("open", "sk-x", mode: 0o604),
                    "BLF_OPENAI_MODEL_IDS": "toy", "BLF_OPENAI_BASE_URL": "http://127.0.0.1:1",
                ])
        }
        #expect(result.status == 1)
        #expect(result.output.contains("chmod 600"), "\(result.output)")
        #expect(!FileManager.default.fileExists(atPath: operating.file("keystore.json")))
    }
}

@Suite("The commands: configuration", .crowd)
struct ConfigurationCommandTests {
    @Test(
        "a bad configuration is refused with the key's name",
        arguments: [
            (#"{"icl_endpoint": "#, "not valid JSON"),
            (#"["a list"]"#, "not valid JSON"),
            (#"{"icl_endpiont": "https://x.example", "log_levle": "INFO"}"#, "icl_endpiont, log_levle"),
            (#"{"icl_endpoint": "http://icl.example"}"#, "icl_endpoint must be an https address"),
            (#"{"ipfs_fallback_gateways": ["https://a.example", "http://b.example"]}"#, "ipfs_fallback_gateways must be an https"),
            (#"{"icl_endpoint": "https://user:pass@icl.example"}"#, "icl_endpoint is not an address"),
            (#"{"max_concurrent_jobs": 0}"#, "max_concurrent_jobs is out of range"),
            (#"{"max_concurrent_jobs": "two"}"#, "max_concurrent_jobs has a value of the wrong kind"),
            (#"{"cofhe_mode": "magic"}"#, "cofhe_mode must be one of"),
            (#"{"node_address": "0x12"}"#, "node_address has a value of the wrong kind"),
            (#"{"openai_model_ids": ["toy"]}"#, "openai_base_url is not set"),
        ])
    func refused(json: String, words: String) async throws {
        let operating = try Operator()
        defer { operating.remove() }
        try operating.write("config.json", json, mode: 0o600)
        let result = try await operating.run("status")
        #expect(result.status == 1)
        #expect(result.output.contains(words), "\(result.output)")
    }

    @Test("missing models, a missing CoFHE endpoint and an unsupported mode stop run with the next step")
    func incomplete() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        try await operating.initialise()
        let cases: [([String: String], String)] = [
            (["BLF_COFHE_MODE": "python"], "No model is configured"),
            (["BLF_COFHE_MODE": "python", "BLF_MOCK_MODEL_IDS": "mock"], "cofhe_endpoint is not set"),
        ]
        for (settings, words) in cases {
            let result = try await operating.run(
                "run", "--password-file", operating.file("password"), environment: settings)
            #expect(result.status == 1)
            #expect(result.output.contains(words), "\(result.output)")
        }
    }

    @Test("old names are taken with a note, .env is read without overriding, and the environment wins")
    func sources() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        try operating.write("config.json", #"{"icl_endpoint": "https://file.example", "mock_model_ids": ["file"]}"#, mode: 0o600)
        try operating.write(
            ".env", "# comment\nexport BLF_ICL_ENDPOINT='https://dotenv.example'\nBLF_MOCK_MODEL_IDS=\"dotenv\"\n", mode: 0o600)
        let fromFile = try await operating.run("status", "--format", "json")
        #expect(fromFile.status == 0)
        #expect(fromFile.output.contains("https://dotenv.example") && fromFile.output.contains("[\"dotenv\"]"), "\(fromFile.output)")
        let overridden = try await operating.run("status", "--format", "json", environment: ["BLF_MOCK_MODEL_IDS": "variable"])
        #expect(overridden.output.contains("[\"variable\"]"))
        #expect(overridden.output.contains("https://dotenv.example"))
        let old = try await operating.run("status", environment: ["BLF_FHENIX_RPC": "http://rpc.example"])
        #expect(old.status == 1)
        #expect(old.output.contains("rpc_url must be an https address"), "the old name is understood: \(old.output)")
    }

    @Test("status prints the same keys in the same order, whatever has happened")
    func statusSchema() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        let keys = [
            "address", "running", "keystore", "coordinator", "models", "tier", "certificateExpiresIn", "jobs_seen",
            "jobs_claimed", "jobs_computed", "jobs_sent", "jobs_failed",
        ]
        for isFresh in [true, false] {
            if !isFresh { try await operating.initialise() }
            let result = try await operating.run("status", "--format", "json")
            #expect(result.status == 0)
            guard case .object(let members) = try JSONValue(parsing: Array(result.output.utf8)) else {
                Issue.record("no object: \(result.output)")
                return
            }
            #expect(members.map(\.key) == keys)
        }
        let jobs = try await operating.run("jobs", "list", "--format", "json")
        #expect(jobs.status == 0)
        #expect(jobs.output == "[]\n")
    }

    @Test("exit codes: 0 done, 1 refused, 2 usage")
    func exitCodes() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        for arguments in ["--help", "--version"] { #expect(try await operating.run(arguments).status == 0) }
        #expect(try await operating.run("status").status == 0)
        #expect(try await operating.run("test-determinism", "nothing").status == 1)
        #expect(try await operating.run("dance").status == 2)
        #expect(try await operating.run("status", "--nonsense").status == 2)
        #expect(try await operating.run("status", "--format", "xml").status == 2)
        #expect(try await operating.run("jobs", "list", "--limit", "many").status == 2)
    }
}
