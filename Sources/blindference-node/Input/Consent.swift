internal import ArgumentParser
internal import Shared

/// How a command that costs money is agreed to.
struct ConsentOptions: ParsableArguments {
    @Flag(name: .long, help: "Do not ask.")
    var yes = false
    @Flag(name: .long, help: "Say what would be done, and sign nothing.")
    var dryRun = false

    /// Whether there is anybody who could agree.
    var canAsk: Bool { yes || dryRun || Terminal.isInteractive }

    /// Says what will be done, and asks.
    func agree(to action: String) throws -> Bool {
        if dryRun {
            Terminal.note("Would \(action). Nothing was signed.")
            return false
        }
        if yes { return true }
        guard Terminal.isInteractive else { throw CommandRefusal.notAsked(action: action) }
        let answer = Terminal.ask("Will \(action). Go on? (yes/no)", fallback: "no")
        guard answer.lowercased().hasPrefix("y") else {
            Terminal.note("Nothing was signed.")
            return false
        }
        return true
    }
}
