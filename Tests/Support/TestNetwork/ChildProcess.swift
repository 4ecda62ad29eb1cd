package import Foundation

/// A program started for a test, ended by its pid at the latest when the value goes away.
package final class ChildProcess: Sendable {
    package let pid: Int32
    /// Where its output goes; standard error is in the same file unless told otherwise.
    package let output: URL
    private let process: Process
    private let lifeline: FileHandle

    package enum Failure: Error { case notFound(String), timedOut(String, output: String) }

    /// - Parameter environment: exactly what the child gets, besides PATH and HOME.
    package init(
        _ executable: URL, _ arguments: [String], environment: [String: String] = [:], directory: URL? = nil,
        output: URL
    ) throws {
        guard FileManager.default.isExecutableFile(atPath: executable.path) else {
            throw Failure.notFound(executable.path)
        }
        // Opened, not replaced: a device stays one.
        let descriptor = open(output.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure.notFound(output.path) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let stdin = Pipe()
        process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.environment = ChildProcess.base.merging(environment) { $1 }
        process.standardInput = stdin
        process.standardOutput = file
        process.standardError = file
        try process.run()
        pid = process.processIdentifier
        lifeline = stdin.fileHandleForWriting
        self.output = output
    }

    deinit {
        if process.isRunning { kill(pid, SIGKILL) }
        try? lifeline.close()
    }

    private static let base = ProcessInfo.processInfo.environment.filter {
        ["PATH", "HOME", "LANG", "SSL_CERT_FILE", "BLF_LLM_CACHE", "BLF_PEER_CACHE"].contains($0.key)
    }

    package var isRunning: Bool { process.isRunning }
    package var text: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }

    /// The first line of the output that `match` accepts, waited for.
    @discardableResult
    package func line(within seconds: Double, where match: (String) -> Bool) async throws -> String {
        let end = ContinuousClock.now + .seconds(seconds)
        while true {
            if let line = text.split(separator: "\n").map(String.init).first(where: match) { return line }
            guard ContinuousClock.now < end, isRunning else {
                throw Failure.timedOut(process.executableURL?.lastPathComponent ?? "", output: text)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    package func signal(_ number: Int32) { kill(pid, number) }

    /// Waits for the end and answers the exit status, 128 + the signal for a killed one.
    package func end(within seconds: Double = 10) async throws -> Int32 {
        let end = ContinuousClock.now + .seconds(seconds)
        while process.isRunning {
            guard ContinuousClock.now < end else {
                kill(pid, SIGKILL)
                throw Failure.timedOut(process.executableURL?.lastPathComponent ?? "", output: text)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
    }

    /// Writes to the child's standard input.
    package func write(_ text: String) throws { try lifeline.write(contentsOf: Data(text.utf8)) }

    /// Closes the child's standard input.
    package func closeInput() { try? lifeline.close() }
}
