import Ethereum
import Foundation
import LocalNode
import Testing

@testable import Supervisor

/// Exit tests: variables belong to the whole process.
@Suite("Where settings come from")
struct ConfigurationLoaderTests {
    @Test("defaults, config.json, .env, old names and variables win in this order")
    func precedence() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            try folder.write(
                "config.json",
                #"{"log_level": "ERROR", "tier": 1, "mock_model_ids": ["file"], "cofhe_mode": "python", "attestation_expiry": 5}"#
            )
            try folder.write(
                ".env",
                "BLF_TIER=2\nBLF_MOCK_MODEL_IDS='a, b,,c '\nBLF_RPC_URL=https://dotenv.example\nBLF_COFHE_MODE=\n")
            setenv("BLF_FHENIX_RPC", "https://old.example", 1)
            setenv("BLF_MAX_CONCURRENT_JOBS", "7", 1)
            setenv("BLF_TIER", "0", 1)
            let environment = try OperatorEnvironment(environmentFile: folder.path(".env"))
            let loader = ConfigurationLoader(directory: folder.directory, environment: environment)
            let settings = try loader.load()
            #expect(settings.logLevel == "ERROR", "config.json over the default")
            #expect(settings.mockModelIDs == ["a", "b", "c"], ".env over config.json")
            #expect(settings.tier == 0, "the environment over .env")
            #expect(settings.maxConcurrentJobs == 7)
            #expect(settings.maxPromptBytes == 8 << 20, "the default")
            #expect(settings.rpcURLs.first?.text.hasPrefix("https://dotenv.example") == true, "a name over its old one")
            #expect(settings.keystorePath == folder.path("keystore.json"))
            #expect(settings.notes.contains("BLF_FHENIX_RPC is an old name of BLF_RPC_URL."))
            #expect(settings.notes.contains { $0.hasPrefix("attestation_expiry is state") })
        }
    }

    @Test("the folder is the argument, BLF_CONFIG_DIR, the folder of BLF_CONFIG_PATH, or .blindference in HOME")
    func folder() async {
        await #expect(processExitsWith: .success) {
            let environment = try OperatorEnvironment(environmentFile: "/nowhere")
            func chosen(_ argument: String? = nil) -> String {
                ConfigurationLoader(directory: argument, environment: environment).directory
            }
            for none in [nil, "", "here"] {
                if let none { setenv("HOME", none, 1) } else { unsetenv("HOME") }
                #expect(chosen() == NSHomeDirectory() + "/.blindference", "the system's record")
            }
            setenv("HOME", "/home/somebody/", 1)
            #expect(chosen() == "/home/somebody/.blindference")
            #expect(chosen("~/node") == "/home/somebody/node" && chosen("~") == "/home/somebody")
            setenv("BLF_CONFIG_PATH", "/etc/blf/config.json", 1)
            #expect(chosen() == "/etc/blf")
            setenv("BLF_CONFIG_DIR", "/srv/blf", 1)
            #expect(chosen() == "/srv/blf")
            #expect(chosen("/tmp/blf") == "/tmp/blf")
        }
    }

    @Test("what is wrong is said with its key")
    func refusals() throws {
        let folder = try TemporaryFolder()
        let environment = try OperatorEnvironment(environmentFile: "/nowhere")
        func refusal(_ json: String) throws -> ConfigurationError? {
            try folder.write("config.json", json)
            do throws(ConfigurationError) {
                _ = try ConfigurationLoader(directory: folder.directory, environment: environment).load()
                return nil
            } catch { return error }
        }
        #expect(
            try refusal(#"{"a": 1, "tier": 0, "b": 2}"#) == .unknownKeys(["a", "b"], path: folder.path("config.json")))
        #expect(try refusal(#"{"tier": 3}"#) == .outOfRange(key: "tier"))
        #expect(try refusal(#"{"tier": 0.5}"#) == .outOfRange(key: "tier"))
        #expect(try refusal(#"{"mock_model_ids": [1]}"#) == .wrongType(key: "mock_model_ids"))
        #expect(try refusal(#"{"rpc_url": "http://10.0.0.1"}"#) == .insecureURL(key: "rpc_url"))
        #expect(try refusal(#"{"rpc_url": "ftp://x"}"#) == .malformedURL(key: "rpc_url"))
        #expect(try refusal(#"{"execution_commitments": true}"#) == .missing(key: "rpc_url"))
        #expect(
            try refusal(#"{"rpc_url": "https://x", "cofhe_chain_id": 1}"#)
                == .unsupportedValue(key: "cofhe_chain_id", supported: ["421614"]))
        #expect(
            try refusal(#"{"rpc_url": "https://x", "cofhe_chain_id": 84532, "chain_id": 84532}"#) == nil,
            "one chain for both")
        #expect(try refusal(#"{"rpc_url": "", "tier": null}"#) == nil, "empty and null count as not set")
        #expect(try refusal(#"{"stake_amount_wei": 1000000000000000000000000}"#) == nil, "numbers of any size")
    }

    @Test("the testnet's services are sent no permits of another chain; a wallet's commands do without any")
    func otherChain() throws {
        var values: [Setting: SettingValue] = [.chainID: .integer(1)]
        func services() throws -> CoFHEServices? {
            try Configuration(directory: "/nowhere", values: values, notes: []).cofheServices
        }
        for setting in [Setting.cofheTNURL, .cofheVerifierURL, .cofheKeyURL] {
            #expect(throws: ConfigurationError.missing(key: setting.rawValue)) { try services() }
            values[setting] = .text("https://\(setting.rawValue.replacing("_", with: "-")).example")
        }
        #expect(
            try services()?.all.map(\.origin) == [
                "https://cofhe-tn-url.example", "https://cofhe-verifier-url.example", "https://cofhe-key-url.example",
            ])
        values[.cofheKeyURL] = .text("http://10.0.0.1")
        #expect(throws: ConfigurationError.insecureURL(key: "cofhe_key_url")) {
            try Configuration(directory: "/nowhere", values: values, notes: [])
        }
    }

    @Test(
        "what is left out is the live network's: coordinator, chain, the three services of CoFHE, its native protocol")
    func defaults() throws {
        let configuration = try Configuration(directory: "/nowhere", values: [:], notes: [])
        #expect(configuration.iclEndpoint.origin == "https://icl.blindference.xyz")
        // Sepolia and Base Sepolia have the same.
        for id in [421_614, 11_155_111, 84_532] {
            let chain = try Configuration(directory: "/nowhere", values: [.chainID: .integer(id)], notes: [])
            #expect(
                try chain.cofheServices?.all.map(\.origin) == [
                    "https://testnet-cofhe-tn.fhenix.zone", "https://testnet-cofhe-vrf.fhenix.zone",
                    "https://testnet-cofhe.fhenix.zone",
                ])
        }
        let local = try Configuration(
            directory: "/nowhere", values: [.chainID: .integer(420_105), .cofheMode: .text("bridge")], notes: [])
        #expect(local.cofheMode == .bridge && local.cofheWorkerURL == nil && local.notes.isEmpty)
        #expect(
            try local.cofheServices?.all.map(\.origin) == [
                "http://127.0.0.1:3000", "http://127.0.0.1:3001", "http://127.0.0.1:9448",
            ])
        // The published node's endpoint of CoFHE is one of the chain's.
        let published = try Configuration(
            directory: "/nowhere", values: [.cofheEndpoint: .text("https://rpc.example")], notes: [])
        #expect(published.cofheRPCURLs.map(\.origin) == ["https://rpc.example"] && published.cofheWorkerURL == nil)
        let both = try Configuration(
            directory: "/nowhere",
            values: [.cofheEndpoint: .text("https://rpc.example"), .rpcURL: .list(["https://own.example"])], notes: [])
        #expect(both.cofheRPCURLs.map(\.origin) == ["https://own.example"])
        let python = try Configuration(
            directory: "/nowhere", values: [.cofheMode: .text("python"), .cofheEndpoint: .text("https://x.example")],
            notes: [])
        #expect(try python.cofheServices == nil && python.cofheWorkerURL?.origin == "https://x.example")
        #expect(python.notes.contains { $0.contains("no public network speaks it") })
        #expect(configuration.chain.chainID == 421_614 && configuration.cofheChainID == 421_614)
        #expect(configuration.cofheMode == .native && configuration.rpcURLs.isEmpty)
        // chain.md 4
        let chain = configuration.chain
        #expect(
            [
                chain.nodeRegistry, chain.staking, chain.promptKeyStore, chain.nodeAttestationRegistry,
                chain.commitmentRegistry,
            ].map(\.checksummed) == [
                "0x72C0Ead949Fd2C346598a30AF1A69c3c5Cb86082", "0x222Ac74201Ed58915e42Ee5be626d939fd234D0b",
                "0x1E22dD12f448B15f1Ca8560fB6B4463834FaAf73", "0xB54e019e9717a8Ed4746bA9d7F1A3F83cf0a35E0",
                "0xcd45aefE9a16772528fa30B7d47958a95e83440C",
            ])
        #expect(chain.blindToken?.checksummed == "0x232D5470DaaC7AD552a42d876aDEF1f778033cE0")
        func token(of staking: Address) throws -> Address? {
            let values: [Setting: SettingValue] = [.stakingAddress: .text(staking.checksummed)]
            return try Configuration(directory: "/nowhere", values: values, notes: []).chain.blindToken
        }
        #expect(try token(of: chain.staking) == chain.blindToken, "whoever names it")
        #expect(try token(of: chain.nodeRegistry) == nil, "of a contract that nobody here knows")
        #expect(chain.nodeOperatorRegistry == .zero && chain.registryStake == .zero)
        #expect(chain.fees == FeePolicy(ceiling: Amount(units: 5_000_000_000)))
    }
}

@Suite("Secrets of the operator's environment")
struct OperatorEnvironmentTests {
    @Test("secrets leave the environment block that /proc shows, and keep their value")
    func moved() async {
        await #expect(processExitsWith: .success) {
            setenv("BLF_KEY_PASSWORD", "'a quoted password'", 1)
            setenv("PINATA_JWT", "an old name's token", 1)
            let block = getenv("BLF_KEY_PASSWORD")
            let length = strlen(block!)
            let environment = try OperatorEnvironment(environmentFile: "/nowhere")
            #expect(environment.secret(.password)?.bytes.withBytes { Array($0) } == Array("a quoted password".utf8))
            #expect(
                environment.secret(.uploadToken)?.bytes.withBytes { Array($0) } == Array("an old name's token".utf8))
            #expect(environment.secret(.groqKey) == nil)
            #expect(getenv("BLF_KEY_PASSWORD") == nil && getenv("PINATA_JWT") == nil)
            // unsetenv keeps the string where it lies; its bytes must be gone.
            #expect((0..<length).allSatisfy { block![$0] == 0 })
        }
    }

    @Test("a secret of .env counts where the environment has none")
    func file() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            try folder.write(".env", "GROQ_API_KEY=from file\nGOOGLE_API_KEY=\"from file\"\nBLF_LOG_LEVEL=DEBUG\n")
            setenv("GROQ_API_KEY", "from environment", 1)
            let environment = try OperatorEnvironment(environmentFile: folder.path(".env"))
            #expect(environment.secret(.groqKey)?.bytes.withBytes { Array($0) } == Array("from environment".utf8))
            #expect(environment.secret(.googleKey)?.bytes.withBytes { Array($0) } == Array("from file".utf8))
            #expect(environment.text("BLF_LOG_LEVEL") == "DEBUG")
            #expect(environment.text("GOOGLE_API_KEY") == nil, "a secret is never handed out as text")
        }
    }

    @Test("a file that is too large or a folder is refused")
    func unreadable() throws {
        let folder = try TemporaryFolder()
        try folder.write(".env", String(repeating: "A=b\n", count: 20_000))
        #expect(throws: OperatorEnvironment.Failure.fileTooLarge) {
            try OperatorEnvironment(environmentFile: folder.path(".env"))
        }
        #expect(throws: OperatorEnvironment.Failure.fileUnreadable) {
            try OperatorEnvironment(environmentFile: folder.directory)
        }
    }
}
