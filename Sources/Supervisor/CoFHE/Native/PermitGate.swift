internal import Ethereum
internal import Shared
internal import Synchronization

/// Stands before the signer: a permit is signed for the handles of a job that was assigned, for this node, for minutes,
/// and never for another domain than the chain's own. A fault elsewhere in this process gets no permit by asking.
package final class PermitGate: Sendable {
    private let assigned = Mutex<[String: KeyHandles]>([:])

    package init() {}

    /// Takes note of what the coordinator named for a job.
    package func assign(_ handles: KeyHandles, to job: String) { assigned.withLock { $0[job] = handles } }

    package func release(_ job: String) { assigned.withLock { $0[job] = nil } }

    /// Signs a permit for exactly the two handles of `job`.
    ///
    /// - Parameter now: Unix seconds.
    func permission(
        for handles: KeyHandles, of job: String, to sealingKey: [UInt8], on deployment: Deployment, chainID: UInt64,
        by wallet: PrivateKey, at now: UInt64
    ) throws(ThresholdError) -> Permission {
        guard assigned.withLock({ $0[job] }) == handles, handles.high.isKeyHalf, handles.low.isKeyHalf,
            sealingKey.count == 32, sealingKey.contains(where: { $0 != 0 })
        else { throw .permitNotSigned }
        return try Permission(
            for: [handles.high.bytes, handles.low.bytes], to: sealingKey, on: deployment, chainID: chainID, by: wallet,
            at: now)
    }
}
