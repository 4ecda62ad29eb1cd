internal import CProbes
internal import Glibc
internal import Shared
internal import Worker

/// The real worker with one rule less: what a job needs it for is seen by the job's death.
///
/// Second argument: the rule to leave out (`-` for none), the file of trusted certificates (`-` for none) and, where the
/// clock shall be one that only the kernel can read, `clock`.
@main
struct NarrowedWorker {
    static func main() {
        let arguments = CommandLine.arguments
        let words = arguments.last.map { $0.split(separator: " ").map(String.init) } ?? []
        guard arguments.count == 3, words.count >= 2 else { _exit(2) }
        if words.last == "clock", cprobes_hide_clock() != 0 { _exit(3) }
        let table = SystemCallTable.current.rules
        let rules = table.filter { $0.name != words[0] }
        guard rules.count == table.count - (words[0] == "-" ? 0 : 1) else { _exit(4) }
        WorkerProcess.run(arguments: arguments.dropLast() + (words[1] == "-" ? [] : [words[1]]), rules: rules)
    }
}
