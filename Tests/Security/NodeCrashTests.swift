import Foundation
import Glibc
import Inspection
import Shared
import TestNetwork
import Testing

extension Security {
    /// A running node with live secrets of its operator dies, cores being allowed and Swift's crash printer ordered from
    /// outside.
    @Suite("A supervisor's crash says nothing", .serialized) struct NodeCrashTests {
        enum Death: Sendable {
            case signal(Int32)
            case fault(PlantedFault, signal: Int32)

            var name: String {
                switch self {
                case .signal(let number): "signal \(number)"
                case .fault(let fault, _): fault.name
                }
            }
        }

        /// Those that end a process with a core by default, and the one that cannot be caught.
        private static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGSYS, SIGQUIT, SIGKILL]

        private static var deaths: [Death] {
            let sent = signals.map { Death.signal($0) }
            #if arch(x86_64)
                // No system call is forbidden to a supervisor: a SIGSYS can only be sent to it.
                return sent + [
                    .fault(.trap, signal: SIGILL), .fault(.breakpoint, signal: SIGTRAP),
                    .fault(.segmentation, signal: SIGSEGV), .fault(.stackOverflow, signal: SIGSEGV),
                    .fault(.abort, signal: SIGABRT), .fault(.outOfMemory, signal: SIGABRT),
                ]
            #else
                return sent
            #endif
        }

        /// Runs a command with cores allowed, and says how it ended: bash adds "(core dumped)" where the kernel made one.
        private static let shell = ["/bin/bash", "-c", "ulimit -c unlimited; \"$@\"; echo \"ended $?\"", "bash"]

        /// Swift's crash printer, wherever the toolchain has it, switched on.
        private static func crashPrinter() throws -> [String: String] {
            let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            let printers = folders.map {
                URL(filePath: "\($0)/swift").resolvingSymlinksInPath().deletingLastPathComponent()
                    .appending(path: "../libexec/swift/linux/swift-backtrace-static").standardizedFileURL.path
            }
            let printer = try #require(printers.first { FileManager.default.isExecutableFile(atPath: $0) })
            return ["SWIFT_BACKTRACE": "enable=yes,color=no,symbolicate=off,swift-backtrace=\(printer)"]
        }

        @Test("however it dies: no core, no crash report, no byte of a secret", .timeLimit(.minutes(4)))
        func deaths() async throws {
            print("core pattern: \(Footprint.corePattern)")
            // Each node lives and dies several times, and waits most of the time.
            let nodes = 3
            try await withThrowingDiscardingTaskGroup { group in
                for first in 0..<nodes {
                    let deaths = stride(from: first, to: NodeCrashTests.deaths.count, by: nodes).map {
                        NodeCrashTests.deaths[$0]
                    }
                    group.addTask { try await NodeCrashTests.die(deaths, "canaries-\(first)") }
                }
            }
        }

        /// One node and one job, which each of its lives takes up again.
        private static func die(_ deaths: [Death], _ name: String) async throws {
            let footprint = Footprint()
            let secrets = OperatorCanaries(name: name)
            let network = try await TestNetwork("--mock-key", secrets.attestationKey)
            let node = try await network.makeNode(name, privateKey: Hexadecimal.encode(secrets.walletKey))
            let settings = try NodeCrashTests.crashPrinter()
            var question: KnownQuestion?
            var workers: [ProcessView] = []
            for death in deaths {
                // Its patience is bounded, so that each life has its own.
                let model = try SlowModel(saysHalf: true)
                let process = try await secrets.start(
                    node, model: model, launcher: NodeCrashTests.shell, settings: settings)
                let supervisor = try #require(ProcessView(process.pid).children.first)
                defer { kill(supervisor.pid, SIGKILL) }
                // A job that a crash interrupted is taken up again by the next start.
                if question == nil {
                    question = try KnownQuestion(url: network.url, model: "groq:llama", leader: node.address)
                }
                let known = try #require(question)
                try await Security.wait(for: "\(death.name): a worker asks the model") { model.asked > 0 }
                let canaries = secrets.canaries + known.canaries + [.init(.answer, text: model.answer)]
                workers = supervisor.children
                let kept = [Secret.walletKey, .apiKey, .uploadToken, .attestationKey]
                let ofJob = [Secret.prompt, .answer]
                let order = ScanOrder(
                    canaries.filter { canary in (kept + ofJob).contains { $0.rawValue == canary.name } },
                    processes: [supervisor.pid] + workers.map(\.pid))
                try await Security.wait(for: "\(death.name): prompt, answer and the operator's secrets are live") {
                    let live = try Security.scan(order)
                    return kept.allSatisfy { live.arena(supervisor.pid)?.count($0.rawValue) ?? 0 > 0 }
                        && workers.contains { worker in
                            ofJob.allSatisfy { live.arena(worker.pid)?.count($0.rawValue) ?? 0 > 0 }
                        }
                }
                #expect(supervisor.limits["Max core file size"]?.hard == "1")
                let status = try NodeCrashTests.end(supervisor, by: death)
                #expect(try await process.end() == 0)
                let lines = process.text.split(separator: "\n").filter { !$0.hasPrefix("{") }
                #expect(lines.last == "ended \(128 + status)", "\(death.name): \(lines)")
                // Besides its own events there is the shell's word, and Swift's about memory it did not get.
                let other = lines.dropLast().filter { !$0.hasPrefix("bash: line 1:") }
                #expect(
                    other.allSatisfy { death.name == "out of memory" && $0.contains("memory") },
                    "\(death.name): \(other)")
                #expect(!process.text.contains("core dumped"), "\(death.name)")
                try await Security.wait(for: "\(death.name): no worker is left", within: 3) {
                    workers.allSatisfy { !$0.exists }
                }
                try footprint.expectNothing(of: canaries, allowed: ["password", ".env"], death.name)
            }
        }

        /// Brings the death about; the signal that ends the process.
        private static func end(_ supervisor: ProcessView, by death: Death) throws -> Int32 {
            switch death {
            case .signal(let number):
                kill(supervisor.pid, number)
                return number
            case .fault(let fault, let signal):
                // 7 is poll: the transport's thread, which the next heartbeat wakes.
                try supervisor.plant(fault, afterSystemCall: 7)
                return signal
            }
        }

        @Test("a command that only opens the wallet hides its memory as well")
        func command() async throws {
            let network = try await TestNetwork()
            let silent = try SlowModel()
            let node = try await network.makeNode("attest")
            let command =
                NodeCrashTests.shell + [TestNetwork.binaries.appending(path: "blindference-node").path]
                + ["attest", "--password-file", node.passwordFile]
            let process = try ChildProcess(
                URL(filePath: command[0]), Array(command.dropFirst()),
                environment: node.environment(["BLF_ICL_ENDPOINT": silent.base]).merging(
                    try NodeCrashTests.crashPrinter()
                ) { $1 },
                directory: node.folder, output: node.folder.appending(path: "attest.log"))
            try await Security.wait(for: "it asks the coordinator") { silent.asked == 1 }
            let child = try #require(ProcessView(process.pid).children.first)
            defer { kill(child.pid, SIGKILL) }
            #expect(child.limits["Max core file size"]?.hard == "1")
            kill(child.pid, SIGSEGV)
            #expect(try await process.end() == 0)
            let lines = process.text.split(separator: "\n")
            #expect(lines.count == 2 && lines.last == "ended \(128 + SIGSEGV)", "\(lines)")
            #expect(!process.text.contains("core dumped"))
        }

        @Test("the same shell and the same crash printer do speak about a program that hides nothing")
        func control() async throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            var process = try await NodeCrashTests.crashDevnet(in: folder)
            // The printer lets the fault happen again, which a signal that was only sent does not; one that is sent while
            // it still prints is lost, and now and then leaves it waiting for good.
            for _ in 0..<3 where process.isRunning { process = try await NodeCrashTests.crashDevnet(in: folder) }
            #expect(try await process.end(within: 5) == 0)
            #expect(process.text.contains("core dumped"), "core_pattern is \(Footprint.corePattern)")
        }

        /// Has a devnet crash, and its printer speak; the shell around it, which ends with it unless the printer hangs.
        private static func crashDevnet(in folder: URL) async throws -> ChildProcess {
            let devnet = TestNetwork.binaries.appending(path: "blindference-devnet").path
            let command = NodeCrashTests.shell + [devnet, "serve", "--port", "0"]
            let process = try ChildProcess(
                URL(filePath: command[0]), Array(command.dropFirst()), environment: try NodeCrashTests.crashPrinter(),
                directory: folder, output: folder.appending(path: "log"))
            try await process.line(within: 20) { $0.hasPrefix("ready ") }
            let child = try #require(ProcessView(process.pid).children.first)
            defer { kill(child.pid, SIGKILL) }
            kill(child.pid, SIGSEGV)
            try await process.line(within: 60) { $0.contains("Program crashed") }
            let end = ContinuousClock.now + .seconds(15)
            while process.isRunning, ContinuousClock.now < end {
                kill(child.pid, SIGSEGV)
                try await Task.sleep(for: .milliseconds(10))
            }
            return process
        }
    }
}
