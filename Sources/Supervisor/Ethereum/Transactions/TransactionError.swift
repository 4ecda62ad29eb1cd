/// Why a transaction was not made, or did not do what it was for.
package enum TransactionError: Error, Equatable, Sendable {
    case rpc(RPCError)
    // Nothing was signed:
    case noContract(Address)
    case wouldRevert(Revert)
    /// The contract answered nothing where a value is due: there is another contract at the address.
    case noAnswer(Address)
    case gasAboveCeiling(needed: UInt64, ceiling: UInt64)
    /// Wei for one unit of gas.
    case feeAboveCeiling(needed: Amount, ceiling: Amount)
    case balanceTooLow(needed: Amount, has: Amount)
    /// Another process of this node has the wallet, or the folder cannot be locked.
    case busy
    /// Something was signed:
    case refused(message: String)
    /// In a block, but it reverted.
    case reverted(hash: [UInt8], Revert)
    /// In a block, but without its event.
    case withoutEvent(hash: [UInt8])
    /// In no block yet. It may still come; the next command looks for it first.
    ///
    /// - Parameter refusal: the chain's words, where it refuses by now what it may have taken before.
    case pending(hash: [UInt8], refusal: String?)
    /// In a block that may still be dropped.
    case notFinal(hash: [UInt8])
    /// Other transactions of this key come in between, again and again.
    case keyInUseElsewhere
    case unrecorded
}
