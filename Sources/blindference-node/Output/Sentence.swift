internal import CoFHE
internal import Ethereum
internal import Glibc
internal import Shared
internal import Supervisor

/// Turns an error's code into what happened and the next step. The only place where errors become text.
enum Sentence {
    static func about(_ error: any Error) -> String {
        switch error {
        case let error as CommandRefusal: about(error)
        case let error as ConfigurationError: about(error)
        case let error as KeystoreError: about(error)
        case let error as StartError: about(error)
        case let error as WorkerError: about(error)
        case let error as JobFailure: "The job failed: \(error.rawValue)."
        case let error as OperatorEnvironment.Failure: about(error)
        case let error as Journal.Failure: about(error)
        case let error as ChainFailure: about(error)
        case let error as ContractError: about(error)
        case let error as TransactionError: about(error)
        case let error as ThresholdError: about(error)
        default: "Failed: \(error)."
        }
    }

    private static func about(_ error: ThresholdError) -> String {
        switch error {
        case .unreachable: "The threshold network cannot be reached. Check cofhe_key_url and the connection."
        case .keysNotKept:
            "The network's keys cannot be kept in the configuration folder. Check its rights and the disk."
        default: "The threshold network answered what makes no sense (\(error.code)). Check cofhe_key_url."
        }
    }

    private static func about(_ error: CommandRefusal) -> String {
        switch error {
        case .passwordMissing:
            "No password: there is no terminal to ask on. Set BLF_KEY_PASSWORD or give --password-file."
        case .passwordsDiffer: "The two passwords differ. Nothing was written; try again."
        case .passwordEmpty: "An empty password protects nothing. Choose one, or give --password-file."
        case .keystoreExists(let path):
            "There is a keystore at \(path) already. Give --force to replace it, or another --config-dir."
        case .addressMismatch(let configured, let keystore):
            "The configuration names \(configured), but the keystore holds \(keystore). Correct node_address or keystore_path."
        case .folderUnwritable(let path):
            "The folder \(path) cannot be made or written to. Choose another with --config-dir."
        case .modelUnknown(let model):
            "No backend serves \(model). Set mock_model_ids, openai_model_ids with openai_base_url, GROQ_API_KEY or GOOGLE_API_KEY."
        case .jobUnknown(let id): "The journal has no job \(id). List them with: blindference-node jobs list"
        case .notDeterministic:
            "The model gave two different answers to one request. Its jobs would fail the quorum: do not serve it."
        case .attestationFailed: "The coordinator did not take the attestation; the log line above has the reason."
        case .noHardwareAttestation:
            "This version attests no TEE and no TPM. Nothing was attested. At tier 0, run: blindference-node attest --mock"
        case .notAsked(let action):
            "Would \(action), but there is no terminal to ask on. Give --yes to go on, or --dry-run to look."
        case .privateKeyRefused: "The private key is not 64 hexadecimal digits of a valid key. Nothing was written."
        }
    }

    private static func about(_ error: ConfigurationError) -> String {
        switch error {
        case .fileUnreadable(let path): "\(path) cannot be read. Check its owner and mode."
        case .fileMalformed(let path, let offset):
            "\(path) is not valid JSON (at byte \(offset)). Correct it, or run init again."
        case .unknownKeys(let keys, let path):
            "\(path) has keys that this node does not know: \(keys.joined(separator: ", ")). Correct or remove them."
        case .wrongType(let key): "\(key) has a value of the wrong kind."
        case .outOfRange(let key): "\(key) is out of range."
        case .insecureURL(let key): "\(key) must be an https address; plain http is accepted for this machine only."
        case .malformedURL(let key): "\(key) is not an address this node can use."
        case .unsupportedValue(let key, let supported): "\(key) must be one of: \(supported.joined(separator: ", "))."
        case .missing(let key): "\(key) is not set. Set it in config.json, or as BLF_\(key.uppercased())."
        case .secretFileUnreadable(let path):
            "The secret in \(path) cannot be read. Where the file is in order, raise the limit of locked memory (ulimit -l)."
        case .secretFileExposed(let path): "Others may read \(path). Run: chmod 600 \(path)"
        }
    }

    private static func about(_ error: KeystoreError) -> String {
        switch error {
        case .damaged: "The keystore is damaged: it is no keystore of version 3. Restore it from a backup."
        case .unsupported(let feature): "The keystore uses a \(feature.rawValue) that this node does not support."
        case .parametersTooLarge: "The keystore asks for more memory or time than is reasonable, and was refused."
        case .wrongPasswordOrDamaged:
            "The password is wrong, or the keystore was changed. Try again, or restore the keystore from a backup."
        case .addressMismatch:
            "The keystore's key does not belong to the address in it: the file was changed. Restore it from a backup."
        case .memory(let cause): about(cause)
        case .computationFailed: "The keystore's key could not be derived; there may be too little memory."
        case .file(.missing): "There is no keystore in the configuration folder. Run: blindference-node init"
        case .file(let failure): "The keystore file failed: \(failure)."
        }
    }

    private static func about(_ error: StartError) -> String {
        switch error {
        case .configuration(let cause): about(cause)
        case .journal(let cause): about(cause)
        case .worker(let cause): about(cause)
        case .secretMemory(let cause): about(cause)
        case .memoryLockLimit(let needed, let allowed):
            """
            A worker locks \(needed >> 10) KiB, but this user may lock \(allowed >> 10) KiB. Raise the limit \
            (LimitMEMLOCK in systemd, ulimit -l), or lower max_prompt_bytes.
            """
        case .transport: "libcurl could not be set up."
        case .noModels:
            "No model is configured. Set openai_base_url and openai_model_ids, GROQ_API_KEY, GOOGLE_API_KEY or mock_model_ids."
        case .noTrustStore(let path):
            "The certificates in \(path) cannot be read. Install ca-certificates, or set SSL_CERT_FILE."
        case .noHelper(let path):
            "\(path) (cofhe_helper) cannot be opened. Install it, or leave cofhe_helper out: then this node verifies, and leads no job."
        case .alreadyRunning(let directory):
            "A node runs in \(directory) already. Stop it, or give another --config-dir."
        }
    }

    private static func about(_ error: WorkerError) -> String {
        switch error {
        case .notStarted(let code):
            "The worker could not be started (\(String(cString: strerror(code)))). Is blindference-worker beside blindference-node?"
        case .notTheMeasuredProgram:
            "The worker beside this program is not the one that it was built with. Install both from the same release."
        case .notMeasured:
            "This program was built without the measurement of its worker, and will not run jobs. Build it with: make"
        case .layerMissing(let layer):
            "required_layers asks for \(layer.rawValue), which this machine does not give: \(layer.consequence)."
        case .notReady(let status):
            """
            The worker could not build its sandbox (\(SandboxError(rawValue: status).map { "\($0)" } ?? "status \(status)")). \
            This machine lacks what the sandbox needs; the node will not run.
            """
        case .notConfined(let wall):
            "The worker's sandbox is incomplete seen from outside (\(wall.rawValue)). The node will not run without it."
        case .channel, .failed, .ended: "The worker failed: \(error.jobFailure.rawValue)."
        }
    }

    private static func about(_ error: SecretMemoryError) -> String {
        switch error {
        case .notLockable(let bytes, _):
            "\(bytes >> 10) KiB of memory cannot be locked. Raise the limit (ulimit -l) or run with less."
        case .exhausted, .overflow: "A secret is longer than this node has room for."
        }
    }

    private static func about(_ error: OperatorEnvironment.Failure) -> String {
        switch error {
        case .secretMemory(let cause): about(cause)
        case .fileUnreadable: "The .env file in this folder cannot be read."
        case .fileTooLarge: "The .env file in this folder is larger than 64 KiB."
        }
    }

    private static func about(_ error: Journal.Failure) -> String {
        switch error {
        case .unavailable(let path): "The journal \(path) cannot be opened. Check the folder's owner and the disk."
        case .inUse(let path): "Another node uses \(path). Stop it, or give another --config-dir."
        }
    }
}
