import Foundation
import TestNetwork

/// A whole node: idle, a burst of jobs, a large prompt, the `status` command.
enum NodeBench {
    // A burst differs from the next by a tenth, and more on a machine with neighbours.
    private static let (bursts, burst) = (5, 200)

    static func run(into rows: inout [Row]) async throws {
        let network = try await TestNetwork("--nodes", "1")
        let node = try await network.makeNode("bench")
        let running = try await node.start()
        try await Task.sleep(for: .seconds(5))
        rows.append(Row("supervisor idle, resident", [try residentSize(running.pid)], atMost: [30], unit: "MiB"))
        rows.append(
            Row(
                "`blindference-node status`, whole process",
                [try WholeProcess.time("status", "--config-dir", node.folder.path)], atMost: [30], unit: "ms"))

        var spent: [Double] = []
        for _ in 0..<bursts {
            let before = try processorTime(running.pid)
            try await serve(burst, promptBytes: 400, node, network, running)
            spent.append((try processorTime(running.pid) - before) / Double(burst))
        }
        rows.append(
            Row(
                "CPU (supervisor and worker) for one small mock job, \(bursts) bursts of \(burst) leader jobs",
                [spent.median], atMost: [8], unit: "ms"))

        let small = try await latency(promptBytes: 1 << 10, node, network, running)
        let large = try await latency(promptBytes: 8 << 20, node, network, running)
        rows.append(
            Row(
                "8 MiB prompt, mock, leader, added latency over a 1 KiB one", [large - small], atMost: [150], unit: "ms"
            ))
        running.signal(SIGTERM)
        _ = try await running.end()
    }

    private static func serve(
        _ jobs: Int, promptBytes: Int, _ node: TestNode, _ network: TestNetwork, _ running: ChildProcess
    ) async throws {
        let done = sent(running).count + jobs
        let prepared = try await network.run(
            "blindference-devnet",
            [
                "prepare", "--url", network.url, "--jobs", String(jobs), "--model", "mock", "--prompt-bytes",
                String(promptBytes), "--role", "leader", "--node", node.address,
            ])
        guard prepared.status == 0 else { throw ChildProcess.Failure.timedOut("prepare", output: prepared.output) }
        let end = ContinuousClock.now + .seconds(120)
        while sent(running).count < done {
            guard ContinuousClock.now < end else { throw ChildProcess.Failure.timedOut("jobs", output: running.text) }
            // Reading the node's log takes as much of the processor as the node does: seldom.
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// From the job's start to the coordinator's receipt, median of 7 jobs, in milliseconds.
    private static func latency(
        promptBytes: Int, _ node: TestNode, _ network: TestNetwork, _ running: ChildProcess
    ) async throws -> Double {
        var times: [Double] = []
        for _ in 0..<7 {
            try await serve(1, promptBytes: promptBytes, node, network, running)
            guard let finish = sent(running).last, let start = events("job_started", running).last else { continue }
            times.append(finish.timeIntervalSince(start) * 1000)
        }
        return times.median
    }

    private static func sent(_ running: ChildProcess) -> [Date] { events("result_sent", running) }

    private static func events(_ name: String, _ running: ChildProcess) -> [Date] {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        return running.text.split(separator: "\n").filter { $0.contains("\"event\":\"\(name)\"") }.compactMap { line in
            let time = line.split(separator: "\"").first { $0.hasPrefix("20") }
            return time.flatMap { try? style.parse(String($0)) }
        }
    }

    private static func residentSize(_ pid: Int32) throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) } ?? .nan) / 1024
    }

    /// Milliseconds of CPU of the process and of its children that ended (proc(5): utime, stime, cutime, cstime).
    private static func processorTime(_ pid: Int32) throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = text[text.index(after: text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        let ticks = fields[11...14].compactMap { Double($0) }.reduce(0, +)
        return ticks * 1000 / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
