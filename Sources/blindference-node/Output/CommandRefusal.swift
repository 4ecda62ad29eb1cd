internal import CoFHE
internal import Ethereum
internal import Shared
internal import Supervisor

/// An error that `Sentence` has words for.
protocol Refusal: Error {}

/// What the commands themselves refuse.
enum CommandRefusal: Refusal, Equatable {
    case passwordMissing, passwordsDiffer, passwordEmpty
    case keystoreExists(path: String)
    case addressMismatch(configured: String, keystore: String)
    case folderUnwritable(path: String)
    case modelUnknown(String)
    case jobUnknown(String)
    case notDeterministic
    case attestationFailed
    case noHardwareAttestation
    case privateKeyRefused
    /// There is no terminal to ask on, and no `--yes`.
    case notAsked(action: String)
}

extension ConfigurationError: Refusal {}
extension KeystoreError: Refusal {}
extension StartError: Refusal {}
extension WorkerError: Refusal {}
extension JobFailure: Refusal {}
extension OperatorEnvironment.Failure: Refusal {}
extension Journal.Failure: Refusal {}
extension ChainFailure: Refusal {}
extension ContractError: Refusal {}
extension TransactionError: Refusal {}
extension ThresholdError: Refusal {}
