internal import Shared

/// What a node sends to prove what it runs (icl.md 1.2). It never names its own tier: some servers believe it.
package struct AttestationSubmission: Sendable, Equatable {
    package enum Backend: String, Sendable { case mock, tpm, sev, tdx }

    package var backend: Backend
    package var quote: [UInt8]
    package var runtimeHash: [UInt8]
    package var challengeID: String
    package var supportedModels: [String]

    package init(
        backend: Backend, quote: [UInt8], runtimeHash: [UInt8], challengeID: String, supportedModels: [String] = []
    ) {
        self.backend = backend
        self.quote = quote
        self.runtimeHash = runtimeHash
        self.challengeID = challengeID
        self.supportedModels = supportedModels
    }

    /// Hexadecimal without prefix; the list of models is left out when empty.
    func body(for address: String) -> [UInt8] {
        var members: [JSONValue.Member] = [
            .init("nodeAddress", .string(address)), .init("backendType", .string(backend.rawValue)),
            .init("quote", .string(Hexadecimal.encode(quote))),
            .init("runtimeHash", .string(Hexadecimal.encode(runtimeHash))),
            .init("challengeId", .string(challengeID)),
        ]
        if !supportedModels.isEmpty {
            members.append(.init("supportedModelIds", .array(supportedModels.map(JSONValue.string))))
        }
        return JSONValue.object(members).encoded()
    }
}

/// What a coordinator grants for an attestation.
package struct AttestationCertificate: Sendable, Equatable {
    /// 1 to 32 bytes; the published server draws 16 at random.
    package let hash: [UInt8]
    /// Unix seconds.
    package let expiry: Int
    /// 0 is mock, 1 a TPM, 2 a trusted execution environment. Self-declared as far as anyone else is concerned.
    package let tier: Int

    init(_ answer: JSONValue) throws(CoordinatorError) {
        hash = try answer.answer("certHash") { $0.text.flatMap { Hexadecimal.decode($0) } }
        expiry = try answer.answer("expiry", \.int)
        tier = try answer.answer("tier", \.int)
        guard (1...32).contains(hash.count), expiry > 0, (0...255).contains(tier) else {
            throw .malformedAnswer(.wrongType)
        }
    }
}
