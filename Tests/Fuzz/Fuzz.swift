import ContentStore
import Ethereum
import Shared

@testable import Worker

/// One parser of hostile bytes. A target passes when it returns: a trap, a hang or a memory error is what is looked for.
enum FuzzTarget: String, CaseIterable {
    case frames, json, http, cid, archive, keystore, chain

    /// What this network's contracts answer, and types that nest.
    private static let answers = [
        "bool", "uint256,uint256", "(address,uint8,bytes32,uint64,uint64,uint64,bool,string[],uint256)",
        "(uint256,uint256,uint256,uint256,bool)", "(bytes,(string,address[])[])[]",
    ].compactMap(ABIType.list)

    func run(_ input: UnsafeRawBufferPointer) {
        let bytes = [UInt8](input)
        switch self {
        case .frames: FuzzTarget.readFrames(bytes)
        case .json:
            guard let value = try? JSONValue(parsing: input) else { return }
            // What was read must be written so that it is read the same again.
            let again = try? JSONValue(parsing: value.encoded(), limit: 8 << 20)
            precondition(again == value)
        case .http:
            _ = try? HTTPHead(parsing: input)
            FuzzTarget.decodeChunks(input)
            FuzzTarget.exchange(answer: input)
        case .cid: _ = try? CID(String(decoding: input, as: UTF8.self))
        case .archive: FuzzTarget.readArchives(bytes)
        case .keystore:
            _ = try? Keystore(parsing: bytes)
            guard let text = try? JSONValue(parsing: input) else { return }
            _ = try? TypedData(text).digest()
        case .chain:
            if let item = try? RLP(decoding: bytes) { precondition(item.encoded() == bytes) }
            for types in FuzzTarget.answers {
                guard let values = try? ABIValue.decode(bytes, as: types) else { continue }
                // Values have one canonical text, which need not be this one.
                let again = (try? ABIValue.encode(values, as: types)).flatMap { try? ABIValue.decode($0, as: types) }
                precondition(again == values)
            }
        }
    }

    /// Frames one after the other, each with its length in front, as both ends read them.
    private static func readFrames(_ bytes: [UInt8]) {
        var rest = bytes[...]
        var machine = JobMachine()
        let limits = JobLimits(prompt: 1 << 10)
        while rest.count >= FrameHeader.lengthBytes {
            guard let length = try? FrameHeader.length(Array(rest.prefix(FrameHeader.lengthBytes))) else { return }
            rest = rest.dropFirst(FrameHeader.lengthBytes)
            guard let header = try? FrameHeader(parsing: Array(rest.prefix(length)), limits: limits) else { return }
            rest = rest.dropFirst(length).dropFirst(header.bodyLength)
            let role = header.fields["role"]?.text.flatMap(JobMachine.Role.init)
            if let order = try? JobOrder(header.fields) {
                // What the worker obeys is what it was told.
                let again = FrameHeader(.start, fields: order.fields)
                precondition((try? JobOrder(again.fields)) == order)
            }
            guard machine.observe(header.kind, starts: role) == .proceed else { return }
        }
    }
}
