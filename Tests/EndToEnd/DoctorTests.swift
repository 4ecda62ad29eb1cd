import Foundation
import LoopbackServer
import Shared
import TestNetwork
import Testing

@Suite("doctor", .crowd)
struct DoctorTests {
    /// Nobody listens there: the kernel gives ports below 1024 to nobody by itself.
    private static let nowhere = "http://127.0.0.1:1"

    @Test("on a good set-up nothing fails, nothing is changed, and no secret is printed or sent")
    func good() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let model = try LoopbackServer { _ in .json("{}", status: 404) }
        let canary = "canary-\(UUID().uuidString)"
        let attested = try await network.run(
            "blindference-node", ["attest", "--password-file", node.passwordFile], environment: node.environment())
        #expect(attested.status == 0, "\(attested.output)")
        chmod(node.folder.path, 0o700)
        let before = try node.contents()

        let settings = node.environment([
            "GROQ_API_KEY": canary, "BLF_GROQ_BASE_URL": model.base + "/" + canary, "BLF_IPFS_UPLOAD_JWT": canary,
            "BLF_KEY_PASSWORD": canary,
        ])
        let (status, output) = try await network.run("blindference-node", ["doctor"], environment: settings)
        #expect(status == 0, "\(output)")
        #expect(output.hasPrefix("OUTCOME") && !output.contains("FAIL"), "\(output)")
        #expect(!output.contains(canary))
        let found = try await node.examine(network, settings)
        #expect(found.status == 0)
        for name in [
            "worker_program", "memory_lock", "sandbox", "folder", "config_file", "keystore",
            "api_keys", "disk", "journal", "certificate", "coordinator", "gateways", "upload", "cofhe", "models",
        ] {
            #expect(found.findings.filter { $0.check == name }.map(\.outcome) == ["PASS"], "\(name): \(output)")
        }
        // The devnet's dialect is warned about.
        #expect(found.findings.filter { $0.check == "configuration" }.map(\.outcome) == ["WARN"])
        #expect(
            found.findings.filter { $0.check == "layers" }.map(\.subject) == SandboxLayer.allCases.map(\.rawValue))
        #expect(try node.contents() == before)
        #expect(model.requests.count == 2)
        for request in model.requests {
            #expect(request.target == "/")
            #expect(!"\(request)".contains(canary))
        }
        let violations = try await network.violations()
        #expect(violations.count == 0, "\(violations.text)")
    }

    @Test("the JSON has the same checks in the same order, whatever is wrong, and every object the same keys")
    func schema() async throws {
        let operating = try Operator()
        defer { operating.remove() }
        let names = [
            "worker_program", "memory_lock", "sandbox", "layers", "core_pattern", "swap", "tpm", "folder",
            "configuration", "config_file", "keystore", "api_keys", "disk", "journal", "certificate", "trust_store",
            "coordinator", "clock", "chain", "gateways", "upload", "cofhe", "models",
        ]
        let away = [
            "BLF_ICL_ENDPOINT": Self.nowhere, "BLF_IPFS_GATEWAY": Self.nowhere, "BLF_IPFS_FALLBACK_GATEWAYS": "",
        ]
        for isDamaged in [false, true] {
            if isDamaged { try operating.write("config.json", "{", mode: 0o600) }
            let result = try await operating.run("doctor", "--format", "json", environment: away)
            #expect(result.status == 1)
            let rows = try JSONValue(parsing: Array(result.output.utf8)).elements ?? []
            var order: [String] = []
            for row in rows {
                guard case .object(let members) = row else { continue }
                #expect(members.map(\.key) == ["outcome", "check", "subject", "finding", "next"])
                if order.last != row["check"]?.text { order.append(row["check"]?.text ?? "?") }
            }
            #expect(order == names)
        }
    }

    @Test("each thing that is wrong fails by itself, with the next step, and exit status 1")
    func failures() async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let keystore = node.folder.appending(path: "keystore.json").path
        let config = node.folder.appending(path: "config.json").path
        let expired = try Self.coordinator(expiry: 1_700_000_000)
        let attested = try await network.run(
            "blindference-node", ["attest", "--password-file", node.passwordFile],
            environment: node.environment(["BLF_ICL_ENDPOINT": expired.base]))
        #expect(attested.status == 0, "\(attested.output)")
        try await node.expect("certificate", "Run the node", in: network)
        let renewed = try await network.run(
            "blindference-node", ["attest", "--password-file", node.passwordFile], environment: node.environment())
        #expect(renewed.status == 0, "\(renewed.output)")
        #expect(try await node.examine(network, node.environment()).failed == [])

        try await node.expect(
            "coordinator", "firewall", in: network, node.environment(["BLF_ICL_ENDPOINT": Self.nowhere]))
        try await node.expect("gateways", "firewall", in: network, node.environment(["BLF_IPFS_GATEWAY": Self.nowhere]))
        try await node.expect(
            "upload", "firewall", in: network, node.environment(["BLF_IPFS_UPLOAD_URL": Self.nowhere]))
        try await node.expect("cofhe", "firewall", in: network, node.environment(["BLF_COFHE_ENDPOINT": Self.nowhere]))
        try await node.expect("models", "mock_model_ids", in: network, node.environment(["BLF_MOCK_MODEL_IDS": ""]))
        chmod(keystore, 0o644)
        try await node.expect("keystore", "chmod 600 \(keystore)", in: network)
        chmod(keystore, 0o600)
        chmod(node.folder.path, 0o777)
        try await node.expect("folder", "chmod 700 \(node.folder.path)", in: network)
        chmod(node.folder.path, 0o700)
        try Data("{\"node_address\": ".utf8).write(to: URL(filePath: config))
        try await node.expect("configuration", "Correct it", in: network)
    }

    @Test(
        "the clock: none, some, and too much difference",
        arguments: [
            (0, "PASS"), (60, "WARN"), (-60, "WARN"), (400, "FAIL"), (-400, "FAIL"),
        ])
    func clock(ahead: Int, outcome: String) async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("leader")
        let server = try Self.coordinator(ahead: ahead)
        let settings = node.environment(["BLF_ICL_ENDPOINT": server.base])
        let found = try await node.examine(network, settings)
        #expect(found.findings.filter { $0.check == "clock" }.map(\.outcome) == [outcome])
        #expect(found.status == (outcome == "FAIL" ? 1 : 0))
        if outcome == "FAIL" { try await node.expect("clock", "timedatectl", in: network, settings) }
    }

    @Test("an ordinary user who may lock too little memory is told how much, and how to allow more")
    func memoryLock() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let work = folder.appending(path: "work").path
        try FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
        // The build folder may be closed to others.
        for program in ["blindference-node", "blindference-worker"] {
            let source = TestNetwork.binaries.appending(path: program).resolvingSymlinksInPath()
            try FileManager.default.copyItem(at: source, to: folder.appending(path: program))
        }
        for path in [folder.path, work] { chmod(path, 0o755) }
        chown(work, 65534, 65534)
        let script = "cd \(work) && ulimit -l 64 && exec ../blindference-node doctor --config-dir . --format json"
        let asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "/bin/bash", "-c", script]
        let program = geteuid() == 0 ? "/usr/bin/setpriv" : "/bin/bash"
        let child = try ChildProcess(
            URL(filePath: program), geteuid() == 0 ? asNobody : ["-c", script],
            environment: [
                "BLF_ICL_ENDPOINT": Self.nowhere, "BLF_IPFS_GATEWAY": Self.nowhere, "BLF_IPFS_FALLBACK_GATEWAYS": "",
            ],
            output: folder.appending(path: "log"))
        #expect(try await child.end(within: 60) == 1)
        let found = try TestNode.findings(child.text)
        let lock = found.filter { $0.check == "memory_lock" }
        #expect(lock.map(\.outcome) == ["FAIL"])
        #expect(lock.first?.text.contains("64 KiB") == true)
        #expect(lock.first?.next?.contains("ulimit -l") == true)
        #expect(found.first { $0.check == "sandbox" }?.outcome == "FAIL", "the worker cannot be started like this")
    }

    /// A coordinator that attests everybody, with a clock that is `ahead` seconds off.
    private static func coordinator(ahead: Int = 0, expiry: Int = 4_000_000_000) throws -> LoopbackServer {
        try LoopbackServer { request in
            let formatter = DateFormatter()
            formatter.locale = Locale(identifier: "en_US_POSIX")
            formatter.timeZone = TimeZone(identifier: "GMT")
            formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
            let date = [("Date", formatter.string(from: Date.now.addingTimeInterval(Double(ahead))))]
            if request.target.hasPrefix("/internal/challenge") {
                let nonce = "0x" + String(repeating: "ab", count: 32)
                return .json(#"{"challengeId":"1","nonce":"\#(nonce)","expiresAt":4000000000}"#, headers: date)
            }
            let hash = "0x" + String(repeating: "cd", count: 16)
            return request.target == "/health"
                ? .json(#"{"status":"ok"}"#, headers: date)
                : .json(#"{"certHash":"\#(hash)","expiry":\#(expiry),"tier":0}"#, headers: date)
        }
    }
}

/// One line of `doctor --format json`.
private struct Line {
    let check: String
    let subject: String?
    let outcome: String
    let text: String
    let next: String?
}

extension TestNode {
    fileprivate static func findings(_ output: String) throws -> [Line] {
        try JSONValue(parsing: Array(output.utf8)).elements?.map { row in
            Line(
                check: row["check"]?.text ?? "?", subject: row["subject"]?.text, outcome: row["outcome"]?.text ?? "?",
                text: row["finding"]?.text ?? "?", next: row["next"]?.text)
        } ?? []
    }

    fileprivate func examine(
        _ network: TestNetwork, _ settings: [String: String]
    ) async throws -> (status: Int32, findings: [Line], failed: [String]) {
        let result = try await network.run("blindference-node", ["doctor", "--format", "json"], environment: settings)
        let findings = try TestNode.findings(result.output)
        return (result.status, findings, findings.filter { $0.outcome == "FAIL" }.map(\.check))
    }

    /// This check alone fails, and its next step has these words in it.
    fileprivate func expect(
        _ check: String, _ words: String, in network: TestNetwork, _ settings: [String: String]? = nil
    ) async throws {
        let found = try await examine(network, settings ?? environment())
        #expect(found.status == 1, "\(check)")
        #expect(Set(found.failed) == [check])
        let next = found.findings.first { $0.outcome == "FAIL" }?.next
        #expect(next?.contains(words) == true, "\(check): \(next ?? "-")")
    }

    /// Every file of the folder with its bytes and its time.
    fileprivate func contents() throws -> [String: [String]] {
        var all: [String: [String]] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
            let path = folder.appending(path: name).path
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let data = FileManager.default.contents(atPath: path) ?? Data()
            all[name] = ["\(attributes[.modificationDate] ?? "")", data.base64EncodedString()]
        }
        return all
    }
}
