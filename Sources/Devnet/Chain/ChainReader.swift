package import Ethereum
internal import Shared

/// A chain on this machine, as coordinator and threshold network read it: which handles stand in the key store, and who
/// may have them decrypted.
package struct ChainReader: Sendable {
    package enum Failure: Error { case refused, malformedAnswer }

    /// Where CoFHE's task manager is on every chain (cofhe.md 0).
    private static let taskManager = "0xeA30c4B8b44078Bbf8a6ef5b9f1eC1626C7848D9"
    private static let getEncryptedKey = "533688bb"
    private static let isAllowed = "5faa299a"

    private let client: LoopbackClient
    private let keyStore: String

    /// - Parameter url: of the RPC endpoint: `http://127.x.y.z:port`.
    package init(url: String, keyStore: Address) throws(LoopbackClient.Failure) {
        client = try LoopbackClient(url: url)
        self.keyStore = keyStore.checksummed
    }

    /// The halves under `id` (32 bytes); zeros where there are none.
    func handles(under id: [UInt8]) throws -> (high: Word, low: Word) {
        let words = try read(keyStore, ChainReader.getEncryptedKey, id, words: 2)
        return (words[0], words[1])
    }

    func mayRead(_ handle: Word, _ account: Address) throws -> Bool {
        let padded = [UInt8](repeating: 0, count: 12) + account.bytes
        return try read(ChainReader.taskManager, ChainReader.isAllowed, handle.bytes + padded, words: 1)[0] == Word(1)
    }

    private func read(_ contract: String, _ selector: String, _ arguments: [UInt8], words: Int) throws -> [Word] {
        let data = "0x" + selector + Hexadecimal.encode(arguments)
        let answer = try client.json(
            "POST", "/",
            [
                "jsonrpc": "2.0", "id": 1, "method": "eth_call",
                "params": [["to": .string(contract), "data": .string(data)], "latest"],
            ])
        guard let text = answer["result"]?.text else { throw Failure.refused }
        guard let bytes = Hexadecimal.decode(text), bytes.count == words * 32 else { throw Failure.malformedAnswer }
        return stride(from: 0, to: bytes.count, by: 32).compactMap { Word(bytes: Array(bytes[$0..<$0 + 32])) }
    }
}
