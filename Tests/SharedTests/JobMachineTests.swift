import Shared
import Testing

@Suite("The order of a job")
struct JobMachineTests {
    private static let leader: [MessageKind] = [
        .ready, .start, .sealingKey, .material, .connect, .endpoint, .output, .connect, .endpoint, .connect, .endpoint,
        .outputKey, .done,
    ]
    private static let verifier: [MessageKind] = [
        .ready, .start, .sealingKey, .material, .connect, .endpoint, .output, .done,
    ]

    private func run(_ kinds: [MessageKind], _ role: JobMachine.Role) -> JobMachine.Action {
        var machine = JobMachine()
        var last = JobMachine.Action.proceed
        for kind in kinds { last = machine.observe(kind, starts: kind == .start ? role : nil) }
        return last
    }

    @Test("both roles come to their end")
    func wholeJobs() {
        #expect(run(Self.leader, .leader) == .finish)
        #expect(run(Self.verifier, .verifier) == .finish)
    }

    @Test("a leader may not leave without its output key, a verifier has none")
    func roles() {
        #expect(run(Array(Self.leader[..<7]) + [.done], .leader) == .refuse)
        #expect(run(Array(Self.verifier[..<7]) + [.outputKey], .verifier) == .refuse)
        #expect(run(Array(Self.verifier[..<7]) + [.connect], .verifier) == .refuse)
    }

    @Test("at every step, every frame that is not the next one is refused")
    func disorder() {
        for (role, script) in [(JobMachine.Role.leader, Self.leader), (.verifier, Self.verifier)] {
            for step in 0..<script.count {
                let before = Array(script[..<step])
                let allowed = MessageKind.allCases.filter { run(before + [$0], role) != .refuse }
                #expect(allowed.contains(script[step]))
                // Besides the next frame only a connection, its output, or the worker's own failure can come.
                let others = Set(allowed).subtracting([script[step], .failed, .connect, .output, .outputKey])
                #expect(others.isEmpty, "after \(before.map(\.rawValue)): \(others)")
            }
        }
    }

    @Test("a used machine takes nothing more")
    func over() {
        for kind in MessageKind.allCases {
            #expect(run(Self.verifier + [kind], .verifier) == .refuse)
            #expect(run([.ready, .start, .failed, kind], .verifier) == .refuse)
        }
    }

    @Test("a refusal is final")
    func refusalStays() { #expect(run([.done] + Self.verifier, .verifier) == .refuse) }

    @Test("connections are few")
    func connections() {
        let pair: [MessageKind] = [.connect, .endpoint]
        let start = Array(Self.verifier[..<4])
        #expect(run(start + pair + pair + pair + pair, .verifier) == .proceed)
        #expect(run(start + pair + pair + pair + pair + pair, .verifier) == .refuse)
    }

    @Test("a job starts with its role")
    func roleMissing() {
        var machine = JobMachine()
        _ = machine.observe(.ready)
        #expect(machine.observe(.start) == .refuse)
    }
}
