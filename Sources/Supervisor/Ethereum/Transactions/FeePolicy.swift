/// What may be paid for gas. Type 2 without a tip: the chain's sequencer takes none, and charges its base fee whatever
/// the maximum says.
package struct FeePolicy: Sendable, Equatable {
    /// Wei for one unit of gas, at most.
    package let ceiling: UInt128

    package init(ceiling: UInt128) { self.ceiling = ceiling }

    /// Twice the base fee, so that it may double before the transaction is in a block.
    func maximum(baseFee: UInt128) throws(TransactionError) -> UInt128 {
        guard baseFee <= ceiling else { throw .feeAboveCeiling(needed: baseFee, ceiling: ceiling) }
        return min(baseFee * 2, ceiling)
    }

    /// For another version of a transaction, where its fee has proven too low: twice as much, or what the base fee asks.
    /// Pools take no other version for less than 10 % more.
    func replacement(of maximum: UInt128, baseFee: UInt128) throws(TransactionError) -> UInt128 {
        let least = maximum + maximum / 8 + 1
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
