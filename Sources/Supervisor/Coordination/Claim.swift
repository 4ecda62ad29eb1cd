package import Shared

/// The answer to a claim (icl.md 1.5). It is no promise of exclusivity.
package struct Claim: Sendable, Equatable {
    package let keyHigh: CiphertextHandle
    package let keyLow: CiphertextHandle
    package let outputKeyGranted: Bool
    /// Unix seconds, informational: the server counts 300 s from the last claim.
    package let claimDeadline: Int?

    /// False where the requester's key is not stored yet; then there is nothing to decrypt, and the job must wait.
    package var hasPromptKey: Bool { !keyHigh.isZero && !keyLow.isZero }

    init(_ answer: JSONValue) throws(CoordinatorError) {
        keyHigh = try answer.answerHandle("kpHighHandle")
        keyLow = try answer.answerHandle("kpLowHandle")
        outputKeyGranted = answer["outputKeyGranted"]?.truth ?? false
        claimDeadline = answer["claimDeadline"]?.int
    }

    static func body(_ job: JobID, by address: String) -> [UInt8] {
        let body: JSONValue = ["jobId": .string(job.text), "nodeAddress": .string(address)]
        return body.encoded()
    }
}
