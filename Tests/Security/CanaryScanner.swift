import DevnetCore
import Foundation
import Inspection
import TestNetwork
import Testing

extension Security {
    /// Runs programs on a kernel without memfd_secret.
    static let withoutSecretMemory = TestNetwork.binaries.appending(path: "without-secret-memory").path

    /// Has `canary-scan` look, in a process of its own.
    static func scan(_ order: ScanOrder) throws -> ScanReport {
        let process = Process()
        process.executableURL = TestNetwork.binaries.appending(path: "canary-scan")
        process.environment = [:]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(order))
        try input.fileHandleForWriting.close()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "canary-scan")
        return try JSONDecoder().decode(ScanReport.self, from: answer)
    }

    /// The secret half of a worker's sealing pair, which never leaves it: the one block of its arena whose public half
    /// is the announced one. Works where root can read the arena.
    static func sealingSecret(of pid: Int32, publicKey: [UInt8]) throws -> [UInt8]? {
        let view = ProcessView(pid)
        for region in view.regions where region.isLocked {
            let bytes = view.memory(region.range)
            // Blocks start at multiples of 64.
            for start in stride(from: 0, to: bytes.count - 31, by: 64) {
                let block = Array(bytes[start..<start + 32])
                if block.contains(where: { $0 != 0 }), try ToyCrypto.x25519PublicKey(of: block) == publicKey {
                    return block
                }
            }
        }
        return nil
    }
}

extension ScanOrder.Canary {
    init(_ secret: Secret, text: String) { self.init(secret.rawValue, text: text) }
    init(_ secret: Secret, bytes: [UInt8]) { self.init(secret.rawValue, bytes: bytes) }
}

extension [ScanOrder.Canary] {
    /// The secrets among them; public texts have other names.
    var secrets: Set<Secret> { Set(compactMap { Secret(rawValue: $0.name) }) }
}
