import Foundation
import Shared
import Testing

@Suite("The commands: configuration", .crowd)
struct ConfigurationCommandTests {
    @Test(
        "a bad configuration is refused with the key's name",
        arguments: [
            (#"{"icl_endpoint": "#, "not valid JSON"),
            (#"["a list"]"#, "not valid JSON"),
            (#"{"icl_endpiont": "https://x.example", "log_levle": "INFO"}"#, "icl_endpiont, log_levle"),
            (#"{"icl_endpoint": "http://icl.example"}"#, "icl_endpoint must be an https address"),
            (
                #"{"ipfs_fallback_gateways": ["https://a.example", "http://b.example"]}"#,
                "ipfs_fallback_gateways must be an https"
            ),
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
        try operating.write(
            "config.json", #"{"icl_endpoint": "https://file.example", "mock_model_ids": ["file"]}"#, mode: 0o600)
        try operating.write(
            ".env", "# comment\nexport BLF_ICL_ENDPOINT='https://dotenv.example'\nBLF_MOCK_MODEL_IDS=\"dotenv\"\n",
            mode: 0o600)
        let fromFile = try await operating.run("status", "--format", "json")
        #expect(fromFile.status == 0)
        #expect(
            fromFile.output.contains("https://dotenv.example") && fromFile.output.contains("[\"dotenv\"]"),
            "\(fromFile.output)")
        let overridden = try await operating.run(
            "status", "--format", "json", environment: ["BLF_MOCK_MODEL_IDS": "variable"])
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
            "address", "running", "keystore", "coordinator", "models", "tier", "certificateExpiresIn",
            "sandboxManifest", "missingLayers", "jobs_seen", "jobs_claimed", "jobs_computed", "jobs_sent",
            "jobs_failed",
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
        #expect(try await operating.run("--help").status == 0)
        let version = try await operating.run("--version")
        #expect(version.status == 0 && version.output == Version.text + "\n")
        #expect(try await operating.run("status").status == 0)
        #expect(try await operating.run("test-determinism", "nothing").status == 1)
        #expect(try await operating.run("dance").status == 2)
        #expect(try await operating.run("status", "--nonsense").status == 2)
        #expect(try await operating.run("status", "--format", "xml").status == 2)
        #expect(try await operating.run("jobs", "list", "--limit", "many").status == 2)
    }
}
