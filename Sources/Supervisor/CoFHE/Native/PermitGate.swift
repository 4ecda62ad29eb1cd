package import Ethereum
internal import Shared
internal import Synchronization

/// Stands before the signer: a permit is signed for the handles of a job that was assigned, for this node, for minutes,
/// and never for another domain than the chain's own. A fault elsewhere in this process gets no permit by asking.
package final class PermitGate: Sendable {
    /// Seconds that a permit may live: as long as its job, not much longer.
    static let lifetime: UInt64 = 600
    /// Seconds by which this machine's clock may be ahead of the chain's.
    private static let skew: UInt64 = 60

    private let issuer: Address
    private let chainID: UInt64
    private let assigned = Mutex<[String: KeyHandles]>([:])

    /// - Parameters:
    ///   - issuer: this node's account, in whose name alone permits are signed.
    ///   - chainID: the one chain that they are signed for.
    package init(issuer: Address, chainID: UInt64) {
        self.issuer = issuer
        self.chainID = chainID
    }

    /// Takes note of what the coordinator named for a job.
    package func assign(_ handles: KeyHandles, to job: String) { assigned.withLock { $0[job] = handles } }

    package func release(_ job: String) { assigned.withLock { $0[job] = nil } }

    package var assignedJobs: Set<String> { assigned.withLock { Set($0.keys) } }

    /// Signs a permit for exactly the two handles of `job`.
    ///
    /// - Parameter now: Unix seconds.
    func permission(
        for handles: KeyHandles, of job: String, to sealingKey: [UInt8], on deployment: Deployment,
        by wallet: PrivateKey, at now: UInt64
    ) throws(ThresholdError) -> Permission {
        guard assigned.withLock({ $0[job] }) == handles, handles.high.isKeyHalf, handles.low.isKeyHalf,
            sealingKey.count == 32, sealingKey.contains(where: { $0 != 0 }), wallet.address == issuer
        else { throw .permitNotSigned }
        return try sign(
            for: [handles.high.bytes, handles.low.bytes], to: sealingKey, on: deployment, by: wallet, at: now)
    }

    /// A permit of the same form that opens nothing: its wallet was made for it, and is forgotten. It may be shown to
    /// anybody.
    func trial(on deployment: Deployment, at now: UInt64) throws(ThresholdError) -> Permission {
        let wallet: PrivateKey
        do { wallet = try PrivateKey.generate() } catch { throw .permitNotSigned }
        let key = [UInt8](repeating: 1, count: 32)
        let handles = [2, 3].map { [UInt8](repeating: $0, count: 32) }
        return try sign(for: handles, to: key, on: deployment, by: wallet, at: now)
    }

    private func sign(
        for handles: [[UInt8]], to sealingKey: [UInt8], on deployment: Deployment, by wallet: PrivateKey,
        at now: UInt64
    ) throws(ThresholdError) -> Permission {
        // A domain without a contract would be good everywhere.
        guard deployment.accessControl != .zero else { throw .permitNotSigned }
        let terms = Permission.Terms(
            issuer: wallet.address, expiration: now + PermitGate.lifetime, sealingKey: sealingKey, handles: handles,
            revokerData: deployment.revoker == nil ? 0 : now - min(now, PermitGate.skew))
        return try Permission(terms, on: deployment, chainID: chainID, wallet: wallet)
    }
}
