import Testing

@testable import Supervisor

@Suite("Pulse and gate")
struct PulseTests {
    @Test("a knock ends a wait at once")
    func knock() async {
        let pulse = Pulse()
        let waiting = Task { await pulse.wait(.seconds(600)) }
        pulse.knock()
        await waiting.value
    }

    @Test("a knock before the wait is remembered, several count as one")
    func remembered() async {
        let pulse = Pulse()
        for _ in 0..<3 { pulse.knock() }
        let start = ContinuousClock.now
        await pulse.wait(.seconds(600))
        await pulse.wait(.milliseconds(50))
        #expect(ContinuousClock.now - start >= .milliseconds(50))
    }

    @Test("a wait ends by itself after its limit, and when its task is cancelled")
    func ends() async {
        let pulse = Pulse()
        await pulse.wait(.milliseconds(1))
        let waiting = Task { await pulse.wait(.seconds(600)) }
        waiting.cancel()
        await waiting.value
    }

    @Test("a timer that is no longer needed does not cut the next wait short")
    func staleTimer() async {
        let pulse = Pulse()
        for _ in 0..<200 {
            pulse.knock()
            await pulse.wait(.microseconds(50))
        }
        // All knocks were used up, all timers are over: nothing may be left that ends this wait.
        await pulse.wait(.milliseconds(20))
        let start = ContinuousClock.now
        await pulse.wait(.milliseconds(50))
        #expect(ContinuousClock.now - start >= .milliseconds(45))
    }

    @Test("a gate opens for everybody, before and after")
    func gate() async {
        let gate = Gate()
        let early = Task { await gate.opens() }
        gate.open()
        #expect(await early.value)
        #expect(await gate.opens())
    }

    @Test("a waiter that is told to stop leaves alone")
    func leaving() async {
        let gate = Gate()
        let first = Task { await gate.opens() }
        let second = Task { await gate.opens() }
        first.cancel()
        #expect(await first.value == false)
        gate.open()
        #expect(await second.value)
    }
}
