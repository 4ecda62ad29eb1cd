/// How an exchange over a given descriptor can fail. Whoever asked turns it into a code of the job.
enum ExchangeError: Error, Equatable {
    case timedOut, closedEarly, certificateRefused, tlsFailed, malformed, tooLarge, noTrustStore, memory
}
