import Foundation
import TestNetwork
import Testing

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
                ? try await operating.run(
                    "init", "--private-key-file", key, "--password-file", operating.file("password"))
                : try await operating.run(
                    "init", environment: ["BLF_PRIVATE_KEY": Self.key, "BLF_KEY_PASSWORD": "correct horse"])
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
        // A key from the environment is no reason to seal it with nothing.
        for password in [nil, ""] {
            let settings = ["BLF_PRIVATE_KEY": Self.key, "BLF_KEY_PASSWORD": password].compactMapValues { $0 }
            let refused = try await operating.run("init", environment: settings)
            #expect(refused.status == 1 && refused.output.contains("password"), "\(refused.output)")
            #expect(!FileManager.default.fileExists(atPath: operating.file("keystore.json")))
        }
    }

    @Test("an init that cannot write its configuration leaves no keystore behind")
    func halfDone() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        let long = (0..<400).map { #""mock:\#($0)""# }.joined(separator: ",")
        try operating.write("config.json", "{\"supported_model_ids\": [\(long)]}", mode: 0o600)
        // Files of 2 KiB at most: room for a keystore alone.
        let program = TestNetwork.binaries.appending(path: "blindference-node").path
        let child = try ChildProcess(
            URL(filePath: "/bin/bash"),
            [
                "-c", "trap '' XFSZ; ulimit -f 2; exec \"$@\"", "-", program, "init", "--password-file",
                operating.file("password"),
            ],
            environment: ["BLF_CONFIG_DIR": operating.folder.path], directory: operating.folder,
            output: operating.folder.appending(path: "output"))
        child.closeInput()
        #expect(try await child.end(within: 60) == 1)
        #expect(
            child.text.contains("cannot be made or written to") && child.text.contains(operating.folder.path),
            "\(child.text)")
        #expect(!FileManager.default.fileExists(atPath: operating.file("keystore.json")))
        #expect(try operating.read("config.json").contains("mock:399"))
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

    @Test("a keystore that others may read is refused until its mode is right")
    func exposedKeystore() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        try await operating.initialise()
        // Wrong in another way as well, so that nothing runs: the mode is looked at first.
        let settings = ["BLF_KEY_PASSWORD": "wrong"]
        for mode in [0o644, 0o640, 0o604] {
            #expect(chmod(operating.file("keystore.json"), mode_t(mode)) == 0)
            let refused = try await operating.run("run", environment: settings)
            #expect(refused.status == 1)
            #expect(refused.output.contains("chmod 600 \(operating.file("keystore.json"))"), "\(refused.output)")
        }
        #expect(chmod(operating.file("keystore.json"), 0o600) == 0)
        let read = try await operating.run("run", environment: settings)
        #expect(read.output.contains("password is wrong"), "\(read.output)")
    }

    @Test("files with secrets that others may read are refused", arguments: ["password", "key", "api"])
    func exposed(kind: String) async throws {
        let operating = try Operator()
        defer { operating.remove() }
        let result: (status: Int32, output: String)
        switch kind {
        case "password":
            result = try await operating.run("init", "--password-file", operating.write("open", "x", mode: 0o644))
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
