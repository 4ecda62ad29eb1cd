internal import ArgumentParser
internal import Shared
internal import Supervisor

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at kernel, files, clock and services, and say what to do about what is wrong.",
        discussion: "Changes nothing, asks for no password, sends no key. Exit status 1 if anything fails.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: FormatOptions

    @Flag(
        name: .long,
        help: "Attack this machine from inside workers, and workers from outside, and say which layer stops each.")
    var drill = false

    func run() async throws {
        let environment = try Session.environment.get()
        let doctor = Doctor(
            ConfigurationLoader(directory: folder.configDir, environment: environment), environment: environment,
            workerPath: Session.path(of: "blindference-worker"), words: Sentence.parts)
        var findings = await doctor.examine()
        if drill { findings += await doctor.drill(Session.path(of: "blindference-drill")) }
        Report.show(
            columns: [
                ("outcome", "OUTCOME"), ("check", "CHECK"), ("subject", "SUBJECT"), ("finding", "FINDING"),
                ("next", "NEXT STEP"),
            ],
            rows: findings.map { finding in
                [
                    .string(finding.outcome.rawValue), .string(finding.check.rawValue),
                    finding.subject.map { .string($0) } ?? .null, .string(finding.text),
                    finding.nextStep.map { .string($0) } ?? .null,
                ]
            }, lastBeneath: true, as: output.format)
        guard !findings.contains(where: { $0.outcome == .fail }) else { throw ExitCode.failure }
    }
}

extension Sentence {
    /// What happened, and the next step, which every sentence here has behind its first full stop.
    fileprivate static func parts(of error: any Error) -> (finding: String, nextStep: String?) {
        let text = about(error)
        guard let stop = text.range(of: ". ") else { return (text, nil) }
        return (text[..<stop.lowerBound] + ".", String(text[stop.upperBound...]))
    }
}
