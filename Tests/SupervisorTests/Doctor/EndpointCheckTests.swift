import Coordination
import Foundation
import HTTPTransport
import LocalNode
import LoopbackServer
import Shared
import Synchronization
import TestChain
import Testing

@testable import Supervisor

@Suite("The doctor's look at services")
struct EndpointCheckTests {
    private let folder: TemporaryFolder
    private static let gateways: [Setting: SettingValue] = [
        .ipfsGateway: .text("https://one.example"),
        .ipfsFallbackGateways: .list(["https://two.example/ipfs?key=hidden"]),
    ]

    init() throws { folder = try TemporaryFolder() }

    /// Answers with a status by host; whoever is not in the list is away.
    private func client(_ statuses: [String: Int], else failure: HTTPFailure = .connectFailed) -> ScriptedClient {
        ScriptedClient { request throws(HTTPFailure) in
            guard let status = statuses.first(where: { request.url.contains($0.key) })?.value else { throw failure }
            return HTTPResponse(status: status)
        }
    }

    @Test("one gateway that answers is enough; without any the node reads no prompt")
    func gateways() async throws {
        let endpoints = try ScriptedDoctor.endpoints(folder, Self.gateways)
        let both = await endpoints.gateways(client(["one": 200, "two": 404]))
        #expect(both.map(\.outcome) == [.pass, .pass])
        #expect(both.map(\.subject) == ["https://one.example", "https://two.example"])
        let one = await endpoints.gateways(client(["two": 200]))
        #expect(one.map(\.outcome) == [.warn, .pass])
        let none = await endpoints.gateways(client([:]))
        #expect(none.map(\.outcome) == [.fail, .fail])
        let ill = await endpoints.gateways(client(["one": 503, "two": 200]))
        #expect(ill.map(\.outcome) == [.warn, .pass])
        #expect(ill[0].text.contains("503"))
    }

    @Test(
        "what failed is named: the name, the connection, TLS, the certificate, the time",
        arguments: [
            (HTTPFailure.nameNotResolved, "The name one.example"), (.connectFailed, "No connection to one.example:443"),
            (.tlsFailed, "TLS with one.example:443"), (.certificateRefused, "certificate of one.example:443"),
            (.timedOut, "one.example:443 did not answer"), (.connectionLost, "does not answer in HTTP"),
            (.transport(code: 77), "trust store"), (.transport(code: 1), "cannot be asked"),
        ])
    func failures(failure: HTTPFailure, words: String) async throws {
        let found = await Reachability.check(
            try ServiceURL("https://one.example/secret-path"), client([:], else: failure))
        guard case .failure(let reason) = found else {
            Issue.record("reachable")
            return
        }
        #expect(reason.text.contains(words), "\(reason.text)")
        #expect(!reason.nextStep.isEmpty)
        #expect(!"\(reason)".contains("secret-path"))
    }

    @Test("a page that is too long is an answer")
    func longPage() async throws {
        let found = await Reachability.check(
            try ServiceURL("https://one.example"), client([:], else: .bodyTooLarge(limit: 1)))
        #expect(throws: Never.self) { try found.get() }
    }

    @Test("no credential, no path and no query of an address is sent")
    func nothingSecret() async throws {
        try folder.write(".env", "GROQ_API_KEY=hidden\nGOOGLE_API_KEY=hidden\nBLF_IPFS_UPLOAD_JWT=hidden\n")
        var values = Self.gateways
        values[.cofheEndpoint] = .text("https://cofhe.example/hidden")
        values[.cofheMode] = .text("python")
        values[.openaiModelIDs] = .list(["toy"])
        values[.openaiBaseURL] = .text("https://model.example/hidden?key=hidden")
        let endpoints = try ScriptedDoctor.endpoints(folder, values)
        let seen = Mutex<[HTTPRequest]>([])
        let client = ScriptedClient { request throws(HTTPFailure) in
            seen.withLock { $0.append(request) }
            return HTTPResponse(status: 200)
        }
        var findings = await endpoints.gateways(client)
        findings += await endpoints.upload(client)
        findings += await endpoints.cofhe(client)
        findings += await endpoints.models(client)
        #expect(findings.count == 7)
        #expect(findings.allSatisfy { $0.outcome == .pass && !"\($0)".contains("hidden") })
        for request in seen.withLock({ $0 }) {
            #expect(request.method == .get && request.headers.isEmpty && request.bearerToken == nil)
            #expect(
                request.url.hasSuffix(".example/") || request.url.hasSuffix(".com/") || request.url.hasSuffix(".cloud/")
            )
        }
    }

    @Test("what run would refuse fails here too: no models, no CoFHE endpoint, no chain to find its contracts on")
    func incomplete() async throws {
        let everywhere = ScriptedClient { _ in HTTPResponse(status: 200) }
        let bare = try ScriptedDoctor.endpoints(folder, [:])
        #expect(await bare.models(everywhere).map(\.outcome) == [.fail])
        #expect(
            await bare.cofhe(everywhere).map(\.outcome) == [.warn, .pass, .pass, .pass], "native, without a helper")
        #expect(await bare.contracts(everywhere).map(\.outcome) == [.fail], "native, without rpc_url")
        #expect(await bare.chain(everywhere).map(\.outcome) == [.warn])
        #expect(await bare.upload(everywhere).map(\.outcome) == [.warn])
        let half = try ScriptedDoctor.endpoints(folder, [.cofheMode: .text("python"), .openaiModelIDs: .list(["toy"])])
        #expect(await half.cofhe(everywhere).map(\.outcome) == [.fail])
        #expect(await half.models(everywhere).map(\.outcome) == [.fail])
        let mock = try ScriptedDoctor.endpoints(folder, [.mockModelIDs: .list(["mock"])])
        #expect(await mock.models(client([:])).map(\.outcome) == [.pass])
    }

    @Test("CoFHE's contracts are looked for on the chain: of a known generation, signed by somebody, or not at all")
    func contracts() async throws {
        func finding(_ chain: TestChain) async throws -> Finding {
            let checks = try ScriptedDoctor.endpoints(folder, [.rpcURL: .list([chain.url])])
            let found = await checks.contracts(try CurlClient())
            return try #require(found.count == 1 ? found[0] : nil)
        }
        let signed = try await finding(TestChain(cofhe: "b"))
        #expect(signed.outcome == .pass && signed.text.contains("Generation B"), "\(signed)")
        #expect(signed.text.contains("signed by 0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1"), "\(signed)")
        let chain = try await TestChain(cofhe: "a")
        // Whoever answers with zero for the signer has no signer.
        let zero = "0x" + String(repeating: "0", count: 64)
        try await chain.fault("eth_call", ["about": ["0x938fb3d9"], "result": .string(zero)])
        let unsigned = try await finding(chain)
        #expect(unsigned.outcome == .warn && unsigned.text.contains("asks for no signature"), "\(unsigned)")
        try await chain.fault("eth_call", ["about": ["0x84b0196e"], "result": "0x"])
        let unknown = try await finding(chain)
        #expect(unknown.outcome == .fail && unknown.text.contains("of no generation"), "\(unknown)")
        #expect(unknown.nextStep?.contains("newer version") == true)
        try await chain.fault("eth_call", ["http": 503], count: 100)
        let away = try await finding(chain)
        #expect(away.outcome == .fail && away.nextStep == "Check rpc_url and cofhe_chain_id.", "\(away)")
    }

    @Test("services that take connections and stay silent hide nothing of the others")
    func silent() async throws {
        let (silent, well) = (try LoopbackServer { _ in .hang() }, try LoopbackServer { _ in .json("{}") })
        try folder.write(
            "config.json",
            String(
                decoding: ([
                    "rpc_url": .array([.string(silent.base), .string(well.base)]), "cofhe_tn_url": .string(silent.base),
                    "cofhe_verifier_url": .string(well.base), "cofhe_key_url": .string(well.base),
                    "ipfs_gateway": .string(silent.base), "ipfs_fallback_gateways": .array([]),
                    "icl_endpoint": .string(well.base), "mock_model_ids": ["mock"],
                ] as JSONValue).encoded(), as: UTF8.self))
        let environment = try OperatorEnvironment(environmentFile: folder.path(".env"))
        let doctor = Doctor(
            ConfigurationLoader(directory: folder.directory, environment: environment), environment: environment,
            workerPath: "/nonexistent", words: { ("\($0)", nil) })
        let findings = await doctor.examine()
        func outcomes(_ name: Check.Name) -> [Finding.Outcome] { findings.filter { $0.check == name }.map(\.outcome) }
        #expect(outcomes(.chain) == [.warn, .pass])
        #expect(outcomes(.gateways) == [.fail])
        #expect(findings.first { $0.check == .gateways }?.text.contains("did not answer in 8 s") == true)
        // The helper, three services, the contracts; in the order in which they were found out.
        #expect(outcomes(.cofhe).sorted { $0.rawValue < $1.rawValue } == [.fail, .fail, .pass, .pass, .warn])
        #expect(!findings.contains { $0.text.contains("Not done within") }, "\(findings)")
    }

    @Test("a missing trust store fails where a service uses TLS, and only there")
    func trustStore() throws {
        let local: [Setting: SettingValue] = [
            .cofheMode: .text("python"),
            .iclEndpoint: .text("http://127.0.0.1:1"), .ipfsGateway: .text("http://127.0.0.1:1"),
            .ipfsFallbackGateways: .list([]),
        ]
        try folder.write("bundle.pem", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n")
        try folder.write("empty.pem", "nothing\n")
        let remote = try ScriptedDoctor.endpoints(folder, Self.gateways)
        #expect(remote.trustStore(folder.path("bundle.pem")).outcome == .pass)
        for bad in ["none.pem", "empty.pem"] {
            #expect(remote.trustStore(folder.path(bad)).outcome == .fail)
            #expect(try ScriptedDoctor.endpoints(folder, local).trustStore(folder.path(bad)).outcome == .pass)
        }
    }
}

@Suite("The doctor's look at the coordinator")
struct CoordinatorCheckTests {
    @Test(
        "a clock may be off by 30 s, beyond 120 s nothing is taken any more",
        arguments: [
            (0, Finding.Outcome.pass), (30, .pass), (-30, .pass), (31, .warn), (-31, .warn), (120, .warn),
            (-120, .warn),
            (121, .fail), (-121, .fail),
        ])
    func clock(ahead: Int, outcome: Finding.Outcome) {
        let found = EndpointChecks.clock(ahead: ahead)
        #expect(found.outcome == outcome)
        if outcome != .pass {
            #expect(found.text.contains("\(abs(ahead)) s " + (ahead > 0 ? "behind" : "ahead of")), "\(found.text)")
            #expect(found.nextStep?.contains("timedatectl") == true)
        }
    }

    @Test("answers without a date leave the clocks uncompared")
    func noDate() { #expect(EndpointChecks.clock(ahead: nil).outcome == .warn) }

    @Test(
        "every answer of the coordinator has its outcome",
        arguments: [
            (200, #"{"status":"ok"}"#, Finding.Outcome.pass), (200, #"{"status":"ill"}"#, .warn),
            (200, #"{"status":"ok","chain_connected":false}"#, .warn),
            (200, #"{"status":"ok","mongo_connected":false}"#, .warn), (200, "<html>", .fail), (404, "", .fail),
            (503, "", .fail), (401, "", .fail),
        ])
    func health(status: Int, body: String, outcome: Finding.Outcome) async throws {
        let folder = try TemporaryFolder()
        let endpoints = try ScriptedDoctor.endpoints(folder, [.iclEndpoint: .text("https://icl.example/base")])
        let found = await endpoints.coordinator(
            ScriptedClient { _ in HTTPResponse(status: status, body: Array(body.utf8)) })
        #expect(found.first?.outcome == outcome)
        #expect(found.first?.subject == "https://icl.example")
        #expect((found.first?.nextStep == nil) == (outcome == .pass))
    }
}
