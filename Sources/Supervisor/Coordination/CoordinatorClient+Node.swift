internal import Shared

// What concerns the node itself: attestation, liveness, the directory.
extension CoordinatorClient {
    /// `GET /internal/challenge/{address}`
    package func challenge() async throws(CoordinatorError) -> Challenge {
        try Challenge(await get(["internal", "challenge", signer.checksummedAddress], about: .service))
    }

    /// `POST /internal/attestation/verify`. On the published server it resets the node's statistics: only when needed.
    package func attest(_ submission: AttestationSubmission) async throws(CoordinatorError) -> AttestationCertificate {
        let body = submission.body(for: signer.checksummedAddress)
        return try AttestationCertificate(await post(["internal", "attestation", "verify"], body, about: .service))
    }

    /// `POST /internal/heartbeat`, due every 60 s.
    package func heartbeat() async throws(CoordinatorError) {
        let body: JSONValue = [
            "nodeAddress": .string(signer.checksummedAddress), "timestamp": .string(String(surroundings.unixTime())),
        ]
        _ = try await post(["internal", "heartbeat"], body.encoded(), about: .node)
    }

    /// `GET /internal/assignments/{address}`. The published server also runs its deadlines by this call.
    package func assignments() async throws(CoordinatorError) -> AssignmentList {
        try AssignmentList(
            await get(
                ["internal", "assignments", signer.checksummedAddress], about: .node, limit: Call.largeAnswer))
    }

    /// `GET /v1/nodes/{address}`: what the directory says of this node, nil where it does not list it. The only way to
    /// notice that the published coordinator forgot the node (icl.md 1.11).
    package func directoryEntry() async throws(CoordinatorError) -> DirectoryNode? {
        do throws(CoordinatorError) {
            return try DirectoryNode(
                await get(["v1", "nodes", signer.checksummedAddress], about: .node, isSigned: false))
        } catch .forgotten { return nil }
    }

    /// `GET /health`
    package func health() async throws(CoordinatorError) -> CoordinatorHealth {
        try CoordinatorHealth(await get(["health"], about: .service, isSigned: false))
    }
}
