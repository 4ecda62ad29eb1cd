internal import ArgumentParser
internal import Shared
internal import Supervisor

struct SandboxShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print every system call a worker may make, with what arguments, and why a job needs it.",
        discussion: "Any other call ends the worker at once. No setting widens the list.")

    @OptionGroup var output: FormatOptions
    @Option(name: .long, help: "x86_64 or aarch64; this machine's if left out.")
    var architecture: SystemCallTable.Architecture = SystemCallTable.current.architecture

    func run() {
        Report.show(
            columns: [("call", "CALL"), ("arguments", "ARGUMENTS"), ("reason", "WHY")],
            rows: SystemCallTable.of(architecture).rules.map { rule in
                [.string(rule.name), .string(rule.constraint.text), .string(rule.reason)]
            }, as: output.format)
        if !SystemCallTable.of(architecture).isProven {
            Terminal.note("Compiled, never run: no test has attacked it yet.")
        }
    }
}

extension SystemCallTable.Architecture: ExpressibleByArgument {}
