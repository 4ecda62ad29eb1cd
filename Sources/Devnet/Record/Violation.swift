/// What a node can do wrong. The raw values are part of the report's schema.
package enum Violation: String, Sendable, CaseIterable {
    // HTTP and signatures
    case unknownPath = "unknown_path"
    case contentTypeWrong = "content_type_wrong"
    case signatureMissing = "signature_missing"
    case signatureMalformed = "signature_malformed"
    case signatureWrong = "signature_wrong"
    case timestampOutOfWindow = "timestamp_out_of_window"
    case addressNotChecksummed = "address_not_checksummed"
    case callerIsNotTheSubject = "caller_is_not_the_subject"
    // Bodies
    case bodyNotJSON = "body_not_json"
    case fieldMissing = "field_missing"
    case fieldWrongCase = "field_wrong_case"
    case fieldWrongType = "field_wrong_type"
    // Attestation
    case challengeUnknown = "challenge_unknown"
    case challengeReplayed = "challenge_replayed"
    case challengeExpired = "challenge_expired"
    case quoteWrong = "quote_wrong"
    case runtimeHashMalformed = "runtime_hash_malformed"
    case backendUnknown = "backend_unknown"
    case notAttested = "not_attested"
    // Jobs
    case jobUnknown = "job_unknown"
    case notAssigned = "not_assigned"
    case notClaimed = "not_claimed"
    case claimExpired = "claim_expired"
    case deliveredTooLate = "delivered_too_late"
    case commitmentMalformed = "commitment_malformed"
    case resultContradiction = "result_contradiction"
    case verdictContradiction = "verdict_contradiction"
    case dishonestVerdict = "dishonest_verdict"
    case outputIdentifierInvalid = "output_cid_invalid"
    case outputNotRetrievable = "output_not_retrievable"
    case outputKeyMissing = "output_key_missing"
    case outputKeyUnknown = "output_key_unknown"
    case outputKeyNotOnChain = "output_key_not_on_chain"
    case outputKeyUnreadable = "output_key_unreadable"
    case plaintextSummary = "plaintext_summary"
    // Content store
    case identifierInvalid = "cid_invalid"
    case uploadMalformed = "upload_malformed"
    case uploadWithoutToken = "upload_without_token"
    // CoFHE
    case callMalformed = "rpc_malformed"
    case methodUnknown = "rpc_method_unknown"
    case handleUnknown = "handle_unknown"
    case permitMalformed = "permit_malformed"
    case permitExpired = "permit_expired"
    case permitSignatureWrong = "permit_signature_wrong"
    case permitNotAllowed = "permit_not_allowed"
}

/// A call that the devnet refuses: what the caller is told, and what the record says.
struct Refusal: Error {
    let status: Int
    let detail: String
    /// nil where the caller did nothing wrong, for example after the devnet was told to forget it.
    let violation: Violation?
    var job: String?

    init(_ status: Int, _ detail: String, _ violation: Violation?, job: String? = nil) {
        self.status = status
        self.detail = detail
        self.violation = violation
        self.job = job
    }
}
