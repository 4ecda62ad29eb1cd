import Glibc
import Inspection
import Testing

extension Security {
    @Suite("A worker's crash says nothing", .serialized) struct WorkerCrashTests {
        #if arch(x86_64)
            struct Death: Sendable, CustomTestStringConvertible {
                let testDescription: String
                /// Nil is a SIGKILL from outside.
                let fault: PlantedFault?
                let signal: Int32
            }

            static let deaths = [
                Death(testDescription: "trap", fault: .trap, signal: SIGILL),
                Death(testDescription: "breakpoint", fault: .breakpoint, signal: SIGTRAP),
                Death(testDescription: "segmentation fault", fault: .segmentation, signal: SIGSEGV),
                Death(testDescription: "stack overflow", fault: .stackOverflow, signal: SIGSEGV),
                // socket(2)
                Death(testDescription: "forbidden system call", fault: .systemCall(41), signal: SIGSYS),
                // Both call abort(), which sends a signal, which the filter does not allow.
                Death(testDescription: "abort", fault: .abort, signal: SIGSYS),
                Death(testDescription: "out of memory", fault: .outOfMemory, signal: SIGSYS),
                Death(testDescription: "kill", fault: nil, signal: SIGKILL),
            ]

            @Test(
                "whichever secret is live and however it dies, it leaves no core and no byte on any disk",
                arguments: LiveWorker.Moment.allCases, deaths)
            func death(at moment: LiveWorker.Moment, _ death: Death) throws {
                let footprint = Footprint()
                let live = try LiveWorker(at: moment)
                #expect(try live.die(of: death.fault) == 128 + death.signal)
                #expect(live.worker.dumpedCore == false)
                try footprint.expectNothing(of: live.canaries, "\(moment), \(death.testDescription)")
            }
        #endif
    }
}
