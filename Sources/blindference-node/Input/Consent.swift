internal import ArgumentParser
internal import Shared

/// How a command that costs money is agreed to.
struct ConsentOptions: ParsableArguments {
    @Flag(name: .long, help: "Do not ask.")
    var yes = false
    @Flag(name: .long, help: "Say what would be done, and sign nothing.")
    var dryRun = false

    /// Whether questions are put at all, and to somebody.
    var asks: Bool { !yes && !dryRun && Terminal.isInteractive }
    /// Whether there is anybody who could agree.
    var canAsk: Bool { yes || dryRun || Terminal.isInteractive }

    /// Says what will be done, and asks. Unlike with the published node, no money goes by an empty line.
    func agree(to action: String) throws -> Bool {
        if dryRun {
            Terminal.note("Would \(action). Nothing was signed.")
            return false
        }
        if yes {
            Terminal.note("Will \(action).")
            return true
        }
        guard Terminal.isInteractive else { throw CommandRefusal.notAsked(action: action) }
        guard Terminal.agrees("Will \(action). Go on?", fallback: false) else {
            Terminal.note("Nothing was signed.")
            return false
        }
        return true
    }
}
