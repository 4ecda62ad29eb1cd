import CoFHE
import Foundation
import Glibc
import HTTPTransport
import LocalNode
import Logging
import Shared
import Synchronization
import TestNetwork
import Testing

@testable import Supervisor

/// Programs that are not ours, in the walls that the node builds around them.
@Suite("Helpers that encrypt output keys")
struct EncryptionHelperTests {
    private static let metadata = [UInt8](0..<53)
    private static let key = [UInt8](100..<132)

    @Test("the helper for production packs both halves under the network's keys, for its metadata")
    func production() async throws {
        let bench = try HelperBench()
        let program = try bench.copy("deploy/cofhe-helper/cofhe-helper", to: "cofhe-helper", mode: 0o755)
        for file in ["package.json", "index.js"] {
            _ = try bench.copy("Tests/Support/node-tfhe/" + file, to: "node_modules/node-tfhe/" + file, mode: 0o644)
        }
        let packed = try await bench.pack(Self.key, with: program, Self.metadata)
        let expected =
            Array("stand-in".utf8) + SHA256.hash(HelperKeys.publicKey) + SHA256.hash(HelperKeys.parameters)
            + Self.metadata + Self.key
        #expect(packed == expected)
    }

    @Test("a helper of another version, or for other metadata, does not begin")
    func version() async throws {
        let bench = try HelperBench()
        let production = try bench.copy("deploy/cofhe-helper/cofhe-helper", to: "cofhe-helper", mode: 0o755)
        let digits = Hexadecimal.encode(Self.metadata)
        for program in [production, BuiltProgram.path("blindference-devnet-helper")] {
            for arguments in [["2", digits], ["1", String(digits.dropLast(2))], ["1", digits + "00"], ["1"], []] {
                let helper = try ChildProcess(
                    URL(filePath: program), arguments, output: URL(filePath: bench.write("", to: "log")))
                #expect(try await helper.end() == 2, "\(program) \(arguments)")
            }
        }
    }

    @Test("a helper has no network, writes no file, and is nobody; its descriptors and environment are exactly known")
    func walls() async throws {
        let bench = try HelperBench()
        let program = try bench.copy("Tests/Support/hostile-helper/helper.py", to: "helper", mode: 0o755)
        let identity = geteuid() == 0 ? ["--reuid=65534", "--regid=65534", "--clear-groups"] : []
        let prey = try ChildProcess(
            URL(filePath: "/usr/bin/setpriv"), identity + ["sleep", "60"],
            output: URL(filePath: bench.write("", to: "prey.log")))
        _ = try bench.write(String(prey.pid), to: "prey")
        let report = try JSONValue(parsing: try await bench.pack(Self.key, with: program, Self.metadata))
        let killed = [
            "ptrace", "keyring", "mount", "change mode", "change mode again", "change owner", "change times",
            "signal others", "signal a thread", "limits of others",
        ]
        for attempt in killed { #expect(report[attempt]?.text == "killed", "\(attempt): \(report)") }
        for attempt in ["socket", "unix socket", "io_uring"] {
            #expect(["killed", "refused"].contains(report[attempt]?.text), "\(attempt): \(report)")
        }
        let refused = [
            "write file", "make folder", "write over itself", "become root", "much memory", "another's memory",
        ]
        for attempt in refused {
            #expect(report[attempt]?.text == "refused", "\(attempt): \(report)")
        }
        #expect(report["arguments"] == ["1", .string(Hexadecimal.encode(Self.metadata))])
        #expect(report["descriptors"] == [0, 1, 2, 3, 4, 5, 6])
        #expect(report["environment"] == ["HOME", "LANG", "PATH"])
        #expect(report["new privileges"] == 1 && report["filter"] == 2 && report["capabilities"] == 0)
        #expect(report["core"] == 1, "too little for a core, and no program is started to take one")
        if geteuid() == 0 { #expect(report["user"] == 65534) }
    }

    @Test("a helper ends with its worker's job, and leaves neither a process nor a descriptor")
    func ends() async throws {
        let bench = try HelperBench()
        let program = try bench.write("#!/bin/sh\nexec sleep 60\n", to: "sleeper")
        var pids: Set<Int32> = []
        for _ in 0..<20 {
            let helper = try await bench.start(program, Self.metadata)
            #expect(kill(helper.pid, 0) == 0)
            pids.insert(helper.pid)
            close(helper.takeDescriptor())
        }
        #expect(pids.count == 20)
        let end = ContinuousClock.now + .seconds(5)
        while true {
            // A dead one that nobody has waited for is still there.
            let processes = pids.filter { kill($0, 0) == 0 }
            let descriptors = try bench.descriptors(of: pids)
            if processes.isEmpty, descriptors.isEmpty { break }
            try #require(ContinuousClock.now < end, "\(processes) \(descriptors)")
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test(
        "a helper that ends at once, answers nothing, too little or too much makes no key, and is tried out first",
        arguments: [
            "import sys; sys.exit(0)", "import os; os.read(3, 32)", "import os; os.read(3, 32); os.write(3, bytes(4))",
            "import os; os.read(3, 32); os.write(3, b'\\0\\0\\0\\x20' + bytes(31))",
            "import os; os.read(3, 32); os.write(3, b'\\0\\x10\\0\\1' + bytes(1 << 16))",
            "import os; os.kill(os.getpid(), 9)",
        ])
    func useless(script: String) async throws {
        let bench = try HelperBench()
        let helpers = try bench.helpers(bench.write("#!/usr/bin/python3\n\(script)\n", to: "helper"), Self.metadata)
        let verified = Mutex(0)
        _ = await helpers.prepare(Logger(label: "test")) { _ in verified.withLock { $0 += 1 } }
        #expect(!helpers.isReady && verified.withLock { $0 } == 0)
    }

    @Test("a helper that packs is ready once the verifier has taken what it packed, and not before")
    func triedOut() async throws {
        let bench = try HelperBench()
        let script = "import os; key = os.read(3, 32); os.write(3, b'\\0\\0\\0\\x20' + key)"
        let helpers = try bench.helpers(bench.write("#!/usr/bin/python3\n\(script)\n", to: "helper"), Self.metadata)
        _ = await helpers.prepare(Logger(label: "test")) { _ throws(ThresholdError) in throw .refused }
        #expect(!helpers.isReady)
        let packed = Mutex<[UInt8]>([])
        _ = await helpers.prepare(Logger(label: "test")) { bytes in packed.withLock { $0 = bytes } }
        #expect(helpers.isReady && packed.withLock { $0.count } == 32)
        // Doubted: both are looked at again, the network's keys as well.
        let asked = bench.network.asked.withLock { $0 }
        await helpers.doubt()
        #expect(!helpers.isReady)
        _ = await helpers.prepare(Logger(label: "test")) { _ in }
        #expect(helpers.isReady && bench.network.asked.withLock { $0 } == asked + 2)
    }

    @Test("a program that is not there, or is none, is no helper")
    func missing() async throws {
        let bench = try HelperBench()
        #expect(throws: WorkerError.self) { try bench.helpers("/nowhere", Self.metadata) }
        let text = try bench.write("no program\n", to: "text")
        await #expect(throws: JobFailure.encryptionUnavailable) { _ = try await bench.start(text, Self.metadata) }
    }
}

/// The network's keys, as a helper finds them.
private enum HelperKeys {
    static let publicKey = [UInt8](repeating: 3, count: 33_000)
    static let parameters = [UInt8](repeating: 4, count: 100_000)

    final class Network: HTTPClient {
        let asked = Mutex(0)

        func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
            asked.withLock { $0 += 1 }
            let body: JSONValue =
                request.url.hasSuffix("GetCrs")
                ? ["crs": .string(Hexadecimal.encode(parameters))]
                : ["publicKey": .string(Hexadecimal.encode(publicKey))]
            return HTTPResponse(status: 200, body: body.encoded())
        }
    }

    actor Pins: KeyPins {
        private var text: String?
        func pin() -> String? { text }
        func setPin(_ text: String) { self.text = text }
    }
}

/// A folder that everybody may read, as a helper's must be, and the spawner.
private struct HelperBench {
    let network = HelperKeys.Network()
    private let folder: TemporaryFolder
    private let thread = SpawnThread()

    init() throws {
        folder = try TemporaryFolder()
        chmod(folder.directory, 0o755)
    }

    func copy(_ source: String, to name: String, mode: mode_t) throws -> String {
        let from = TestNetwork.root.appending(path: source)
        let path = folder.path(name)
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: from.path, toPath: path)
        chmod(path, mode)
        return path
    }

    func write(_ text: String, to name: String) throws -> String {
        try folder.write(name, text)
        chmod(folder.path(name), 0o755)
        return folder.path(name)
    }

    func helpers(_ program: String, _ metadata: [UInt8]) throws -> EncryptionHelpers {
        let keys = NetworkKeys(
            service: try ServiceURL("https://keys.example"), client: network, chainID: 7,
            directory: folder.directory, pins: HelperKeys.Pins())
        return try EncryptionHelpers(path: program, keys: keys, metadata: metadata, thread: thread)
    }

    func start(_ program: String, _ metadata: [UInt8]) async throws -> EncryptionHelpers.Helper {
        try await helpers(program, metadata).start()
    }

    /// What the helper makes of a key, as its worker would see it.
    func pack(_ key: [UInt8], with program: String, _ metadata: [UInt8]) async throws -> [UInt8] {
        let helper = try await start(program, metadata)
        let descriptor = helper.takeDescriptor()
        let packed = try await Task.detached {
            defer { close(descriptor) }
            try #require(Glibc.write(descriptor, key, key.count) == key.count)
            let head = try HelperBench.read(4, from: descriptor)
            return try HelperBench.read(head.reduce(0) { $0 << 8 | Int($1) }, from: descriptor)
        }.value
        _ = consume helper
        return packed
    }

    private static func read(_ count: Int, from descriptor: Int32) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            try #require(poll(descriptor, POLLIN, timeout: 30_000), "a helper that answers")
            let offset = filled
            let some = bytes.withUnsafeMutableBytes { bytes in
                Glibc.read(descriptor, bytes.baseAddress?.advanced(by: offset), count - offset)
            }
            try #require(some > 0, "a helper that does not end early")
            filled += some
        }
        return bytes
    }

    /// Those of this process that lead to one of `pids`, or to a file of this folder.
    func descriptors(of pids: Set<Int32>) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter { name in
            let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + name)) ?? ""
            let about = (try? String(contentsOfFile: "/proc/self/fdinfo/" + name, encoding: .utf8)) ?? ""
            let pid = about.split(separator: "\n").first { $0.hasPrefix("Pid:") }?.split(separator: "\t").last
            return target.hasPrefix(folder.directory) || pid.flatMap { Int32($0) }.map(pids.contains) == true
        }
    }
}
