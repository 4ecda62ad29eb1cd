/// What the drill program is told to do: steps that are made one after the other until one is refused.
///
/// A step is a system call, by name or as `#NUMBER`, and up to six arguments, separated by spaces; steps by `; `.
/// An argument is a number, `@TEXT` (address of that text), `%HEX` (address of those bytes), `?COUNT` (address of so many
/// zero bytes), `!` (address of what the supervisor sent) or `$` (what the step before returned). Besides, a step may be
/// `int80 NUMBER` (the 32-bit entry), `fault KIND` (`cdrill_fault`) or `spin` (never ends). A script that begins with
/// `wide; ` lets the calls it names through the filter, so that the next layer is met.
package struct DrillScript: Sendable {
    package enum Argument: Sendable, Equatable {
        case number(Int)
        case text(String)
        case bytes([UInt8])
        case room(Int)
        case canary
        case result
    }

    package enum Step: Sendable, Equatable {
        case call(name: String, [Argument])
        case numbered(Int, [Argument])
        case int80(Int)
        case fault(Int)
        case spin
    }

    package let isWide: Bool
    package let steps: [Step]

    /// Nil for what is no script.
    package init?(parsing text: String) {
        var parts = text.split(separator: ";").map { $0.split(separator: " ").map(String.init) }
        isWide = parts.first == ["wide"]
        if isWide { parts.removeFirst() }
        var steps: [Step] = []
        for words in parts {
            guard let step = DrillScript.step(words) else { return nil }
            steps.append(step)
        }
        guard !steps.isEmpty else { return nil }
        self.steps = steps
    }

    private static func step(_ words: [String]) -> Step? {
        guard let verb = words.first, words.count <= 7 else { return nil }
        switch verb {
        case "spin": return words.count == 1 ? .spin : nil
        case "int80", "fault":
            guard words.count == 2, let number = Int(words[1]) else { return nil }
            return verb == "fault" ? .fault(number) : .int80(number)
        default: break
        }
        var arguments: [Argument] = []
        for word in words.dropFirst() {
            guard let argument = argument(word) else { return nil }
            arguments.append(argument)
        }
        guard verb.hasPrefix("#") else { return .call(name: verb, arguments) }
        return Int(verb.dropFirst()).map { .numbered($0, arguments) }
    }

    private static func argument(_ word: String) -> Argument? {
        let rest = String(word.dropFirst())
        switch word.first {
        case "@": return .text(rest)
        case "?": return Int(rest).flatMap { (1...1 << 16).contains($0) ? .room($0) : nil }
        case "!": return rest.isEmpty ? .canary : nil
        case "$": return rest.isEmpty ? .result : nil
        case "%":
            let digits = rest.compactMap(\.hexDigitValue)
            guard digits.count == rest.count, digits.count.isMultiple(of: 2) else { return nil }
            return .bytes(
                stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
        default: return Int(word).map { .number($0) }
        }
    }
}
