package import Shared

/// The answer of the public status route (icl.md 1.9). Only state and output are relied upon; the rest is what older
/// servers leave out, and nil where it is missing or unreadable.
package struct PublicJobStatus: Sendable, Equatable {
    package struct Quorum: Sendable, Equatable {
        package let verifiers: [String]
        package let confirmations: Int?
        package let confidence: Int?
    }

    package struct Verdict: Sendable, Equatable {
        package let verifier: String
        package let isSubmitted: Bool
        package let isAccepted: Bool?
        package let commitment: String?
    }

    package let state: JobState
    package let outputCID: String?
    package let commitment: String?
    package let keyHigh: CiphertextHandle?
    package let keyLow: CiphertextHandle?
    package let quorum: Quorum?
    package let leader: String?
    package let verdicts: [Verdict]

    init(_ answer: JSONValue) throws(CoordinatorError) {
        state = JobState(try answer.answerText("status"))
        outputCID = try answer.answerOptionalText("output_cid")
        commitment = try answer.answerOptionalText("commitment_hash")
        keyHigh = PublicJobStatus.handle(answer["encrypted_output_key_high"])
        keyLow = PublicJobStatus.handle(answer["encrypted_output_key_low"])
        quorum = answer["quorum"].flatMap { value in
            guard case .object = value else { return nil }
            return Quorum(
                verifiers: value["verifier_addresses"]?.elements?.compactMap { $0.plainText(upTo: 64) } ?? [],
                confirmations: value["confirmations"]?.int, confidence: value["confidence"]?.int)
        }
        leader = answer["leader_submission"]?["leader_address"]?.plainText(upTo: 64)
        verdicts = (answer["verifier_verdicts"]?.elements ?? []).compactMap { value in
            guard let verifier = value["verifier_address"]?.plainText(upTo: 64) else { return nil }
            return Verdict(
                verifier: verifier, isSubmitted: value["submitted"]?.truth ?? false,
                isAccepted: value["accepted"]?.truth, commitment: value["result_hash"]?.plainText(upTo: 128))
        }
    }

    private static func handle(_ value: JSONValue?) -> CiphertextHandle? {
        guard case .handle(let handle) = CiphertextHandle.read(value) else { return nil }
        return handle
    }
}
