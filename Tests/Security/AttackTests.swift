import CProbes
import Foundation
import Inspection
import Shared
import Supervisor
import Testing

/// The walls from inside: the hostile worker builds them with the real worker's code and then runs against them.
extension Security {
    @Suite("Attacks from inside a worker") struct AttackTests {
        /// What the hostile worker ends with when the attack did not.
        static let survived = WorkerError.ended(status: 42)
        /// 128 + SIGSYS.
        static let killed = WorkerError.ended(status: 128 + 31)

        /// Starts a hostile worker, lets it attack, and answers its end as the supervisor sees it.
        static func outcome(of attack: String) async throws -> WorkerError? {
            let spawner = try Security.spawner(Security.hostile, argument: attack)
            let worker = try await spawner.spawn()
            defer { withExtendedLifetime(spawner) {} }
            do throws(WorkerError) {
                let deadline = ContinuousClock.now + .seconds(10)
                try await worker.start(Security.order, credential: nil, deadline: deadline)
                _ = try await worker.receive(deadline: deadline)
                return nil
            } catch { return error }
        }

        struct Attack: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let call: String

            init(_ name: String, _ call: String) {
                testDescription = name
                self.call = call
            }
        }

        #if arch(x86_64)
            static let attacks = [
                Attack("socket", "call 41 2 1 0"), Attack("connect", "call 42 3 0 0"), Attack("bind", "call 49 3 0 0"),
                Attack("accept", "call 43 3 0 0"), Attack("sendto", "call 44 3 0 0"),
                Attack("sendmsg", "call 46 3 0 0"),
                Attack("socketpair", "call 53 1 1 0"), Attack("open a file", "call 2 @/etc/passwd 0"),
                Attack("openat", "call 257 -100 @/etc/passwd 0"), Attack("openat2", "call 437 -100 @/etc/passwd 0 24"),
                Attack("creat", "call 85 @/tmp/hostile 420"), Attack("unlink", "call 87 @/tmp/hostile"),
                Attack("execve", "call 59 @/bin/true 0 0"), Attack("execveat", "call 322 3 @ 0 0 4096"),
                Attack("fork", "call 57"), Attack("vfork", "call 58"), Attack("clone", "call 56 17"),
                Attack("clone3", "call 435 0 0"), Attack("ptrace the parent", "call 101 16 1"),
                Attack("read another's memory", "call 310 1"), Attack("write another's memory", "call 311 1"),
                Attack("kill the parent", "call 62 1 9"), Attack("kill everybody", "call 62 -1 0"),
                Attack("tgkill", "call 234 1 1 0"), Attack("mprotect to executable", "call 10 0 4096 5"),
                Attack("map executable memory", "call 9 0 4096 4 34 -1 0"),
                Attack("map writable and executable memory", "call 9 0 4096 7 34 -1 0"),
                Attack("mremap", "call 25 0 4096 8192 1"), Attack("unshare", "call 272 268435456"),
                Attack("setns", "call 308 3 0"), Attack("setuid", "call 105 0"), Attack("setresuid", "call 117 0 0 0"),
                Attack("capset", "call 126 0 0"), Attack("become dumpable", "call 157 4 1"),
                Attack("another filter", "call 317 1 0 0"), Attack("memfd_create", "call 319 @a 0"),
                Attack("io_uring_setup", "call 425 8 0"), Attack("io_uring_enter", "call 426 0 1 0 0"),
                Attack("bpf", "call 321 0 0 0"), Attack("keyctl", "call 250 0 0"), Attack("add_key", "call 248 0 0"),
                Attack("perf_event_open", "call 298 0 0 -1 -1 0"), Attack("userfaultfd", "call 323 0"),
                Attack("pidfd_open", "call 434 1 0"), Attack("pidfd_getfd", "call 438 3 0 0"),
                Attack("mount", "call 165 0 0 0 0 0"), Attack("chroot", "call 161 @/"),
                Attack("ioctl", "call 16 0 21505 0"),
                Attack("fcntl", "call 72 3 0 0"), Attack("dup2", "call 33 3 0"),
                Attack("prlimit64", "call 302 0 7 0 0"),
                Attack("setrlimit", "call 160 4 0"), Attack("personality", "call 135 262144"),
                Attack("recvmsg on descriptor 0", "call 47 0 0 0"), Attack("recvmsg on descriptor 4", "call 47 4 0 0"),
                Attack("futex WAIT", "call 202 @0 0 7 0"), Attack("futex WAIT_PRIVATE", "call 202 @0 128 7 0"),
                Attack("futex REQUEUE", "call 202 @0 3 0 0"), Attack("getpid through x32", "call 1073741863"),
                Attack("read through x32", "call 1073741824 3 0 0"),
                Attack("execve through x32", "call 1073742344 0 0 0"),
                Attack("a number that no kernel has", "call 100000"), Attack("a negative number", "call -1"),
            ]

            @Test("every attack ends the process by SIGSYS", arguments: attacks)
            func dies(_ attack: Attack) async throws {
                let outcome = try await AttackTests.outcome(of: attack.call)
                #expect(outcome == AttackTests.killed)
            }

            /// The published list, with arguments that its rules allow. What survives here shows that death means something.
            static let listed = [
                0: "3 0 0", 1: "3 0 0", 3: "99", 7: "0 0 0", 9: "0 4096 3 34 -1 0", 11: "0 0", 12: "0", 39: "",
                47: "3 0 0",
                186: "", 202: "@0 1 1", 228: "0 0", 231: "42", 318: "0 0 0",
            ]

            @Test("every call on the list comes back", arguments: listed.keys.sorted())
            func survives(_ number: Int) async throws {
                let outcome = try await AttackTests.outcome(of: "call \(number) \(AttackTests.listed[number] ?? "")")
                #expect(outcome == AttackTests.survived)
            }

            /// uretprobe and uprobe, which the kernel keeps from every filter (6.14 and 6.18). Outside of a trampoline
            /// that a tracer with privileges has set they do nothing: SIGILL and ENXIO.
            static let unfiltered: [Int: WorkerError] = [335: .ended(status: 128 + 4), 336: survived]

            @Test("of all numbers from 0 to 470 only the list comes back", .timeLimit(.minutes(3)))
            func sweep() async throws {
                var wrong: [String] = []
                for number in 0...470 where AttackTests.listed[number] == nil {
                    let outcome = try await AttackTests.outcome(of: "call \(number)")
                    if let outcome, outcome == AttackTests.unfiltered[number] { continue }
                    if outcome != AttackTests.killed { wrong.append("\(number): \(String(describing: outcome))") }
                }
                #expect(wrong.isEmpty)
            }

            @Test("the 32-bit entry of the kernel is no way around the filter")
            func foreignArchitecture() async throws {
                // Without that entry the instruction itself is a fault.
                let expected: WorkerError = cprobes_has_int80() == 1 ? AttackTests.killed : .ended(status: 128 + 11)
                #expect(try await AttackTests.outcome(of: "int80") == expected)
            }
        #endif
    }
}
