import Synchronization

import Coordination

/// Signs with a counter, or with what a vector demands, and remembers what it was asked to sign.
final class StubSigner: RequestSigner {
    struct Refused: Error {}

    let checksummedAddress: String
    private let known: [String: String]
    private let asked = Mutex<[[UInt8]]>([])
    private let refuses: Bool

    init(_ address: String = Samples.leader, known: [String: String] = [:], refuses: Bool = false) {
        checksummedAddress = address
        self.known = known
        self.refuses = refuses
    }

    var messages: [[UInt8]] { asked.withLock { $0 } }

    func signature(overMessage bytes: [UInt8]) throws -> String {
        guard !refuses else { throw Refused() }
        let count = asked.withLock { asked in
            asked.append(bytes)
            return asked.count
        }
        return known[String(decoding: bytes, as: UTF8.self)] ?? "0xsignature\(count)"
    }
}
