package import HTTPTransport

// What concerns one job.
extension CoordinatorClient {
    /// `POST /internal/task/claim`. Restarts the 300 s after which silence counts as a failure (icl.md 1.5).
    package func claim(_ job: JobID) async throws(CoordinatorError) -> Claim {
        try Claim(
            await post(["internal", "task", "claim"], Claim.body(job, by: signer.checksummedAddress), about: .job))
    }

    /// `GET /internal/jobs/{id}/status`
    package func status(of job: JobID) async throws(CoordinatorError) -> JobStatus {
        try JobStatus(await get(["internal", "jobs", job.text, "status"], about: .job))
    }

    /// `GET /v1/inference/task/{id}`: says more than `status(of:)`, to anyone.
    package func publicStatus(of job: JobID) async throws(CoordinatorError) -> PublicJobStatus {
        try PublicJobStatus(
            await get(
                ["v1", "inference", "task", job.text], about: .job, isSigned: false, limit: Call.largeAnswer))
    }

    /// `POST /internal/task/result`
    package func submit(
        _ result: ResultSubmission, retries: RetryPolicy = .patient
    ) async throws(CoordinatorError) -> SubmissionReceipt {
        try await submitResult(body: result.body, retries: retries)
    }

    /// Sends a journalled result exactly as it was first written: a repeat with other content would overwrite it.
    package func submitResult(
        body: [UInt8], retries: RetryPolicy = .patient
    ) async throws(CoordinatorError) -> SubmissionReceipt {
        try SubmissionReceipt(await post(["internal", "task", "result"], body, about: .job, retries: retries))
    }

    /// `POST /internal/task/verify`
    package func submit(
        _ verdict: VerdictSubmission, retries: RetryPolicy = .patient
    ) async throws(CoordinatorError) -> SubmissionReceipt {
        try await submitVerdict(body: verdict.body, retries: retries)
    }

    /// Sends a journalled verdict exactly as it was first written.
    package func submitVerdict(
        body: [UInt8], retries: RetryPolicy = .patient
    ) async throws(CoordinatorError) -> SubmissionReceipt {
        try SubmissionReceipt(await post(["internal", "task", "verify"], body, about: .job, retries: retries))
    }
}
