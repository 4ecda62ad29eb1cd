import Foundation
import Shared
import Testing

extension Security {
    /// The filter is minimal: each rule has a job that cannot be done without it.
    @Suite("The filter, rule by rule") struct FilterNeedTests {
        /// Which job needs a rule. A rule that has none does not belong into the table.
        static let needs: [String: NamedJob] = [
            "read": .mock, "write": .mock, "recvmsg": .mock, "poll": .leader, "ppoll": .leader, "close": .leader,
            "getpid": .tls, "getrandom": .mock, "mmap": .talkative, "munmap": .talkative,
            "brk": .talkative,
            "clock_gettime": .clock, "exit_group": .mock,
        ]

        private func status(_ job: NamedJob, without rule: String?) async throws -> Int32 {
            // Made here, for the worker belongs to the thread that starts it: in there nothing can wait.
            let model = job == .tls ? try await TLSModelEnd() : nil
            return try job.status(without: rule, over: model)
        }

        @Test("every job ends well where no rule is left out", arguments: NamedJob.allCases)
        func whole(_ job: NamedJob) async throws {
            #expect(try await status(job, without: nil) == 0)
        }

        @Test(
            "without any one rule of the filter a job that needs it dies of SIGSYS",
            arguments: SystemCallTable.current.rules.map(\.name))
        func narrowed(_ rule: String) async throws {
            let job = try #require(FilterNeedTests.needs[rule], "nobody needs \(rule)")
            #expect(try await status(job, without: rule) == RawWorker.killed, "\(job.rawValue)")
        }
    }
}
