extension TransactionQueue {
    /// How long the queue waits, and for what.
    package struct Patience: Sendable {
        /// How long another process of this node may hold the wallet.
        package var lock = Duration.seconds(60)
        /// From the first sending to the block.
        package var inclusion = Duration.seconds(120)
        /// After this, a transaction whose fee has become too low gets a version with a higher one.
        package var stuck = Duration.seconds(30)
        /// Between two sendings of the same bytes.
        package var resend = Duration.seconds(10)
        /// How long an endpoint may lag behind another before its silence about a receipt is believed.
        package var lag = Duration.seconds(5)
        package var poll = Duration.milliseconds(10)
        package var longestPoll = Duration.seconds(2)

        package init() {}
    }
}
