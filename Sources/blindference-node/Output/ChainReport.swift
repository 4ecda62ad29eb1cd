internal import Ethereum
internal import Shared
internal import Supervisor

/// How commands show what becomes of a transaction.
enum ChainReport {
    static func tell(_ step: ChainStep) {
        switch step {
        case .waiting(let intent, let hash):
            Terminal.note("\(intent): waiting for \(text(hash)), which was sent before")
        case .sending(let intent, let hash): Terminal.note("\(intent): sending \(text(hash))")
        case .included(let intent, let block): Terminal.note("\(intent): in block \(block)")
        case .takenUp(let intent, let hash):
            Terminal.note("\(intent): done by \(text(hash)), of an earlier command; nothing more is sent")
        case .waitingForFinality: Terminal.note("waiting until that block will stay")
        }
    }

    static func fields(_ receipt: Receipt) -> [Report.Field] {
        [
            .init("transaction", "Transaction", .string(text(receipt.transaction))),
            .init("block", "Block", .integer(receipt.blockNumber)),
            .init("gasUsed", "Gas", .integer(receipt.gasUsed)),
            .init("explorer", "Explorer", .string("https://sepolia.arbiscan.io/tx/" + text(receipt.transaction))),
        ]
    }

    private static func text(_ hash: [UInt8]) -> String { "0x" + Hexadecimal.encode(hash) }
}
