internal import Shared

/// Asks a model server over a connection that the supervisor made.
struct ChatBackend {
    let order: ChatOrder
    let modelID: String

    func answer(
        to prompt: borrowing SecretBytes, over connection: consuming Connection, credential: consuming SecretBytes
    ) throws(JobFailure) -> SecretBytes {
        let request = ChatRequest(order, modelID: modelID, prompt: prompt)
        let header: HTTPExchange.Credential? =
            credential.isEmpty
            ? nil
            : HTTPExchange.Credential(
                name: request.credentialHeader, prefix: request.credentialPrefix, value: credential)
        let response: HTTPExchange.Response
        do throws(ExchangeError) {
            let exchange = HTTPExchange(connection, endpoint: order.endpoint)
            response = try exchange.post(
                before: request.before, text: prompt, after: request.after, credential: header,
                limit: JobLimits.response)
        } catch { throw JobFailure(model: error) }
        switch response.status {
        case 200...299: break
        case 300...399: throw .modelRedirected
        case 401, 403: throw .modelUnauthorized
        case 429: throw .modelRateLimited
        case 400...499: throw .modelRefused
        default: throw .modelServerFailed
        }
        return try JSONAnswer.text(in: response.body, at: request.answerPath)
    }
}

extension JobFailure {
    init(model error: ExchangeError) {
        self =
            switch error {
            case .timedOut: .modelTimedOut
            case .closedEarly: .modelClosedEarly
            case .certificateRefused: .modelCertificateRefused
            case .tlsFailed, .noTrustStore: .modelTLSFailed
            case .malformed: .modelResponseMalformed
            case .tooLarge: .modelResponseTooLarge
            case .memory: .secretMemoryExhausted
            }
    }
}
