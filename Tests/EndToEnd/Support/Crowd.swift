import Testing

/// At most so many networks at once: each start unlocks a keystore, which takes 256 MiB and most of a second of CPU, and
/// a machine that is busy with fifty of them makes every time limit a matter of luck.
struct Crowd: TestTrait, SuiteTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        await Seats.shared.take()
        do { try await function() } catch {
            await Seats.shared.leave()
            throw error
        }
        await Seats.shared.leave()
    }

    private actor Seats {
        static let shared = Seats(6)
        private var free: Int
        private var waiting: [CheckedContinuation<Void, Never>] = []

        init(_ count: Int) { free = count }

        func take() async {
            if free > 0 { free -= 1 } else { await withCheckedContinuation { waiting.append($0) } }
        }

        /// The seat goes to the one who has waited longest.
        func leave() { if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() } }
    }
}

extension Trait where Self == Crowd {
    static var crowd: Crowd { Crowd() }
}
