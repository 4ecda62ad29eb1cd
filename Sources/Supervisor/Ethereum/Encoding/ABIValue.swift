/// A value in a call of a contract, or in its answer.
package indirect enum ABIValue: Equatable, Sendable {
    case uint(Word)
    case address(Address)
    case bool(Bool)
    case string(String)
    /// Of fixed or of any length.
    case bytes([UInt8])
    case array([ABIValue])
    case tuple([ABIValue])
}

extension ABIValue {
    var truth: Bool? { if case .bool(let truth) = self { truth } else { nil } }
    /// Nil from 2⁶⁴ on.
    var number: UInt64? { if case .uint(let word) = self { UInt64(word) } else { nil } }
    /// Nil from 2¹²⁸ on.
    var amount: Amount? { if case .uint(let word) = self { Amount(word) } else { nil } }
}

package enum ABIError: Error, Equatable, Sendable {
    /// A value is not one of its type.
    case mismatch
    /// The data ends before a value does; also what no code at an address, and a payable fallback, answer.
    case truncated
    /// Bits that the type does not have are set, a bool is neither 0 nor 1, or a text is no UTF-8.
    case malformed
    /// More values than any answer of this network's contracts has.
    case tooMany
}
