/// What may be paid for gas. Type 2 without a tip: the chain's sequencer takes none, and charges its base fee whatever
/// the maximum says.
package struct FeePolicy: Sendable, Equatable {
    /// Wei for one unit of gas, at most.
    package let ceiling: Amount

    package init(ceiling: Amount) { self.ceiling = ceiling }

    /// Twice the base fee, so that it may double before the transaction is in a block.
    func maximum(baseFee: Amount) throws(TransactionError) -> Amount {
        guard baseFee <= ceiling else { throw .feeAboveCeiling(needed: baseFee, ceiling: ceiling) }
        return min(baseFee * 2, ceiling)
    }

    /// For another version of a transaction, where its fee has proven too low: twice as much, or what the base fee asks.
    /// Pools take no other version for less than 10 % more.
    func replacement(of maximum: Amount, baseFee: Amount) throws(TransactionError) -> Amount {
        let least = Amount(units: maximum.units + maximum.units / 8 + 1)
        guard least <= ceiling else { throw .feeAboveCeiling(needed: least, ceiling: ceiling) }
        return max(least, min(maximum * 2, ceiling), try self.maximum(baseFee: baseFee))
    }

    /// The estimate is made at the last block's time, and what a call costs moves: 30 % more, and 10,000.
    static func gas(estimate: UInt64, ceiling: UInt64) throws(TransactionError) -> UInt64 {
        let (more, overflow) = (estimate / 10).multipliedReportingOverflow(by: 13)
        let needed = overflow ? UInt64.max : more &+ 10_000
        guard !overflow, needed >= 10_000, needed <= ceiling else {
            throw .gasAboveCeiling(needed: needed, ceiling: ceiling)
        }
        return needed
    }
}
