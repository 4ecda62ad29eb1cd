import ContentStore
import Ethereum
import Shared

@testable import Worker

/// One parser of hostile bytes. A target passes when it returns: a trap, a hang or a memory error is what is looked for.
enum FuzzTarget: String, CaseIterable {
    case frames, json, http, cid, keystore, chain

    /// What this network's contracts answer, and types that nest.
    private static let answers = [
        "bool", "uint256,uint256", "(address,uint8,bytes32,uint64,uint64,uint64,bool,string[],uint256)",
        "(uint256,uint256,uint256,uint256,bool)", "(bytes,(string,address[])[])[]",
    ].compactMap(ABIType.list)

    func run(_ input: UnsafeRawBufferPointer) {
        let bytes = [UInt8](input)
        switch self {
        case .frames:
            _ = try? FrameHeader.length(Array(bytes.prefix(4)))
            guard let header = try? FrameHeader(parsing: bytes, limits: JobLimits(prompt: 1 << 20)) else { return }
            _ = try? JobOrder(header.fields)
        case .json:
            guard let value = try? JSONValue(parsing: input) else { return }
            // What was read must be written so that it is read the same again.
            let again = try? JSONValue(parsing: value.encoded(), limit: 8 << 20)
            precondition(again == value)
        case .http:
            _ = try? HTTPHead(parsing: input)
            guard var body = try? SecretBytes(capacity: 64 << 10) else { return }
            var decoder = ChunkedDecoder()
            try? decoder.decode(input, into: &body)
            _ = try? JSONAnswer.text(in: body, at: [.key("choices"), .first, .key("message"), .key("content")])
        case .cid:
            _ = try? CID(String(decoding: input, as: UTF8.self))
            let verifier = ContentVerifier(limits: VerificationLimits(maximumBytes: 1 << 20))
            _ = try? verifier.file(CID(of: bytes, form: .v1(.dagPB)), inBlock: bytes)
            _ = try? verifier.file(CID(of: bytes, form: .v0), inArchive: bytes)
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
}
