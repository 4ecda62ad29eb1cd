import Glibc
import Shared

@testable import Worker

extension FuzzTarget {
    /// In whatever pieces a body comes, it is the same body.
    static func decodeChunks(_ input: UnsafeRawBufferPointer) {
        let middle = input.count / 2
        let halves = [input[..<middle], input[middle...]].map { UnsafeRawBufferPointer(rebasing: $0) }
        guard var whole = try? SecretBytes(capacity: 64 << 10), var joined = try? SecretBytes(capacity: 64 << 10) else {
            return
        }
        var one = ChunkedDecoder()
        var two = ChunkedDecoder()
        let isGood = (try? one.decode(input, into: &whole)) != nil
        let isGoodInHalves = (try? halves.forEach { try two.decode($0, into: &joined) }) != nil
        precondition(isGood == isGoodInHalves)
        precondition(!isGood || one.isComplete == two.isComplete && whole.equals(joined))
    }

    /// A worker's whole exchange with its model, to whom the input is the server's answer.
    static func exchange(answer: UnsafeRawBufferPointer) {
        // Room for an answer of any length; the first call makes the arena.
        _ = try? SecretArena.prepare(capacity: JobLimits(prompt: 1 << 10).arena)
        var sockets: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, type, 0, &sockets) == 0 else { return }
        defer { close(sockets[1]) }
        // Smaller than the socket's buffer.
        precondition(answer.isEmpty || send(sockets[1], answer.baseAddress, answer.count, 0) == answer.count)
        shutdown(sockets[1], Int32(SHUT_WR))
        let endpoint = Endpoint(name: .model, host: "127.0.0.1", port: 80, path: "/", usesTLS: false)
        let dialects: [ChatOrder.Dialect] = [.openai, .gemini]
        let order = ChatOrder(
            dialect: dialects[answer.count % 2], model: "m", endpoint: endpoint, maximumTokens: 1, timeout: 1000)
        guard let prompt = try? SecretBytes(capacity: 1), let key = try? SecretBytes(capacity: 1),
            let connection = try? Connection(
                descriptor: sockets[0], endpoint: endpoint, trust: nil, deadline: Deadline(milliseconds: 1000))
        else { return }
        _ = try? ChatBackend(order: order, modelID: "m").answer(to: prompt, over: connection, credential: key)
    }
}
