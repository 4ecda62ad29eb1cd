/// One line of the worker's allow-list: a system call, what its arguments may be, and why a job needs it.
package struct SystemCallRule: Sendable {
    package enum Constraint: Sendable, Equatable {
        case none
        /// Argument 2 (protection) must not contain PROT_EXEC.
        case notExecutable
        /// Argument 0 must be this descriptor, in all 64 bits.
        case descriptor(UInt64)
    }

    package let name: String
    package let constraint: Constraint
    package let reason: String

    package init(_ name: String, _ constraint: Constraint, _ reason: String) {
        self.name = name
        self.constraint = constraint
        self.reason = reason
    }

    init(_ name: String, _ reason: String) { self.init(name, .none, reason) }
}

/// What the filter compares: `(argument & mask) == value`.
package struct ArgumentCheck: Sendable, Equatable {
    package let argument: UInt32
    package let mask: UInt64
    package let value: UInt64
}

extension SystemCallRule.Constraint {
    /// Nil where every argument is allowed.
    package var check: ArgumentCheck? {
        switch self {
        case .none: nil
        case .notExecutable: ArgumentCheck(argument: 2, mask: 4, value: 0)
        case .descriptor(let value): ArgumentCheck(argument: 0, mask: .max, value: value)
        }
    }

    /// For people.
    package var text: String {
        switch self {
        case .none: "any"
        case .notExecutable: "no PROT_EXEC"
        case .descriptor(let value): "descriptor \(value) only"
        }
    }
}
