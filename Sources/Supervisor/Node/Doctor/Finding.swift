/// What one look found, and what to do about it.
package struct Finding: Sendable, Equatable {
    package enum Outcome: String, Sendable, CaseIterable {
        case pass = "PASS"
        /// The node runs, with less than it could have.
        case warn = "WARN"
        /// The node does not run, or not safely, or earns nothing.
        case fail = "FAIL"
    }

    package let check: Check.Name
    /// Which one of several: a file, a layer, the origin of a service. Never the path of an address, which may hold a key.
    package let subject: String?
    package let outcome: Outcome
    package let text: String
    /// Nil where nothing needs to be done.
    package let nextStep: String?

    package init(
        _ check: Check.Name, about subject: String? = nil, _ outcome: Outcome, _ text: String, next: String? = nil
    ) {
        self.check = check
        self.subject = subject
        self.outcome = outcome
        self.text = text
        nextStep = next
    }
}
