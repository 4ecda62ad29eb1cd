internal import ArgumentParser
internal import DevnetCore
internal import Shared

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Show the recorded protocol errors and how often each node called what.",
        discussion: "Exit code 1 if there is any error.")

    @OptionGroup var endpoint: Endpoint

    func run() throws {
        do {
            let report = try LoopbackClient(url: endpoint.url).json("GET", "/dev/report")
            let errors = report["errors"]?.elements ?? []
            switch endpoint.format {
            case .json: Terminal.json(report)
            case .text: Terminal.line(text(report, errors))
            }
            guard errors.isEmpty else { throw ExitCode(1) }
        } catch let code as ExitCode { throw code } catch {
            Terminal.error(Terminal.sentence(error))
            throw ExitCode(1)
        }
    }

    private func text(_ report: JSONValue, _ errors: [JSONValue]) -> String {
        var lines = errors.map { error in
            ["code", "node", "call", "detail", "job"].map { error[$0]?.text ?? "-" }.joined(separator: "  ")
        }
        lines.append("\(errors.count) protocol errors")
        if case .object(let nodes)? = report["calls"] {
            for node in nodes {
                lines.append(node.key)
                guard case .object(let routes) = node.value else { continue }
                for route in routes { lines.append("  \(route.value.int ?? 0)\t\(route.key)") }
            }
        }
        return lines.joined(separator: "\n")
    }
}
