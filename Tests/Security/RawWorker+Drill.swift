import Shared
import Testing

extension RawWorker {
    /// What the drill program ends with when it makes this attack behind a worker's walls: 0 where it got what it wanted,
    /// the error number of the refused call, or 128 + a signal.
    static func end(of script: String, cpuSeconds: UInt64 = 60) throws -> Int32 {
        let worker = try RawWorker(Security.drill, argument: script, cpuSeconds: cpuSeconds)
        try worker.receive(.ready)
        try worker.send(.start, Security.order.fields, body: Array("the canary".utf8))
        // It has nothing to say: the channel's end is the program's.
        #expect(try worker.next() == nil)
        return try #require(worker.end())
    }

    /// 128 + SIGSYS: the filter.
    static let killed: Int32 = 128 + 31
}
