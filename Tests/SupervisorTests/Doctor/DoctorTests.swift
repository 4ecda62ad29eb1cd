import Dispatch
import Foundation
import HTTPTransport
import LocalNode
import Shared
import Testing

@testable import Supervisor

@Suite("The doctor")
struct DoctorTests {
    @Test("the names of the checks are a promise to programs that read the JSON")
    func names() {
        #expect(
            Check.Name.allCases.map(\.rawValue) == [
                "worker_program", "memory_lock", "sandbox", "layers", "core_pattern", "swap", "tpm", "folder",
                "configuration", "config_file", "keystore", "api_keys", "disk", "journal", "certificate",
                "trust_store", "coordinator", "clock", "chain", "gateways", "upload", "cofhe", "models", "drill",
            ])
        #expect(Finding.Outcome.allCases.map(\.rawValue) == ["PASS", "WARN", "FAIL"])
    }

    @Test(
        "whatever has failed, every check has a finding, and all come in one order",
        arguments: [(#"{"cofhe_mode": "python"}"#, true), ("{", false), (#"{"icl_endpiont": ""}"#, false)])
    func order(json: String, isUnderstood: Bool) async throws {
        let folder = try TemporaryFolder()
        try folder.write("config.json", json)
        let findings = try await ScriptedDoctor.doctor(folder) { _ throws(HTTPFailure) in throw .connectFailed }
            .examine()
        let order = Check.Name.examined
        let places = findings.compactMap { order.firstIndex(of: $0.check) }
        #expect(places == places.sorted())
        #expect(Set(findings.map(\.check)) == Set(order))
        #expect(findings.allSatisfy { ($0.nextStep == nil) == ($0.outcome == .pass) }, "a next step for all but PASS")
        #expect(findings.contains { $0.check == .configuration && $0.outcome == .fail } != isUnderstood)
    }

    @Test("a check that ignores its cancellation is left behind at its deadline")
    func deadline() async {
        let check = Check(.disk, within: .milliseconds(100)) {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + 20) { continuation.resume() }
            }
            return [Finding(.disk, .pass, "late")]
        }
        let start = ContinuousClock.now
        let findings = await check.run()
        #expect(findings.map(\.outcome) == [.fail])
        #expect(findings.first?.check == .disk)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test("a worker that cannot be started fails the sandbox, and its layers are not looked at")
    func noWorker() async throws {
        let folder = try TemporaryFolder()
        let findings = try await ScriptedDoctor.doctor(folder) { _ throws(HTTPFailure) in throw .connectFailed }
            .examine()
        #expect(findings.first { $0.check == .workerProgram }?.outcome == .fail)
        #expect(findings.first { $0.check == .sandbox }?.outcome == .fail)
        #expect(findings.filter { $0.check == .layers }.map(\.outcome) == [.warn])
    }
}

@Suite("The doctor's look at layers")
struct LayerCheckTests {
    @Test("each layer that is missing is a warning of its own, with what is weaker without it")
    func missing() {
        #expect(Doctor.layers(Set(SandboxLayer.allCases)).allSatisfy { $0.outcome == .pass })
        for layer in SandboxLayer.allCases {
            let found = Doctor.layers(Set(SandboxLayer.allCases).subtracting([layer]))
            #expect(found.filter { $0.outcome == .warn }.map(\.subject) == [layer.rawValue])
            #expect(found.contains { $0.text.contains(layer.consequence) })
            let required = Doctor.layers([], required: [layer])
            #expect(required.filter { $0.outcome == .fail }.map(\.subject) == [layer.rawValue])
        }
    }
}

/// A doctor without a machine around it: no worker, and a network that is a closure.
enum ScriptedDoctor {
    static func doctor(
        _ folder: TemporaryFolder, workerPath: String = "/nonexistent/blindference-worker",
        _ answer: @escaping ScriptedClient.Answer
    ) throws -> Doctor {
        let environment = try OperatorEnvironment(environmentFile: folder.path(".env"))
        return Doctor(
            ConfigurationLoader(directory: folder.directory, environment: environment), environment: environment,
            workerPath: workerPath, client: { () throws(HTTPFailure) in ScriptedClient(answer: answer) },
            words: { ("\($0)", nil) })
    }

    static func endpoints(_ folder: TemporaryFolder, _ values: [Setting: SettingValue]) throws -> EndpointChecks {
        EndpointChecks(
            configuration: try Configuration(directory: folder.directory, values: values, notes: []),
            environment: try OperatorEnvironment(environmentFile: folder.path(".env")),
            doctor: try doctor(folder) { _ throws(HTTPFailure) in throw .connectFailed })
    }
}

struct ScriptedClient: HTTPClient {
    typealias Answer = @Sendable (HTTPRequest) throws(HTTPFailure) -> HTTPResponse

    let answer: Answer

    func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse { try answer(request) }
}
