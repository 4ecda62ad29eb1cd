internal import ArgumentParser
internal import Foundation
internal import Shared
internal import Supervisor

struct JobsListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the newest jobs of the local journal, or who is held back.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var output: FormatOptions
    @Option(name: .long, help: "How many jobs to list.")
    var limit = 20
    @Flag(name: .long, help: "List the requesters whose jobs crashed workers or broke limits, instead of jobs.")
    var penalties = false

    func run() async throws {
        let session = try Session(folder)
        let journal = try Journal(path: session.journalPath)
        if penalties { try await showPenalties(journal) } else { try await showJobs(journal) }
    }

    private func showJobs(_ journal: Journal) async throws {
        Report.show(
            columns: [
                ("job", "JOB"), ("role", "ROLE"), ("model", "MODEL"), ("state", "STATE"), ("code", "CODE"),
                ("updatedAt", "UPDATED"), ("commitment", "COMMITMENT"),
            ],
            rows: try await journal.latest(limit).map { entry in
                [
                    .string(entry.id.text), .string(entry.role.rawValue), .string(entry.model),
                    .string(entry.state.rawValue),
                    entry.failure.map { .string($0.rawValue) } ?? .null, .integer(entry.updatedAt),
                    entry.commitment.map { .string(Hexadecimal.encode($0)) } ?? .null,
                ]
            }, as: output.format)
    }

    private func showPenalties(_ journal: Journal) async throws {
        let rule = PenaltyRule()
        let now = Int(Date.now.timeIntervalSince1970)
        Report.show(
            columns: [
                ("requester", "REQUESTER"), ("score", "SCORE"), ("standing", "STANDING"), ("until", "UNTIL"),
                ("updatedAt", "UPDATED"),
            ],
            rows: try await journal.penalties().map { requester, penalty in
                let (standing, until): (String, Int?) =
                    switch rule.verdict(on: requester, penalty, at: now) {
                    case .welcome: ("welcome", nil)
                    case .slowed(let notBefore): ("slowed", notBefore)
                    case .refused(let until): ("refused", until)
                    }
                return [
                    .string(requester.name), .number(String(format: "%.2f", rule.score(of: penalty, at: now))),
                    .string(standing), until.map { .integer($0) } ?? .null, .integer(penalty.updatedAt),
                ]
            }, as: output.format)
    }
}
