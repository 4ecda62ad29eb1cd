import Inspection
import Testing

/// What must not be found where it does not belong.
enum Secret: String, CaseIterable {
    case prompt
    /// With the quotes, line ends and letters that JSON and UTF-16 spell differently.
    case wholePrompt = "whole prompt"
    case answer
    case promptKey = "prompt key"
    case promptHigh = "high half of the prompt key"
    case promptLow = "low half of the prompt key"
    case outputKey = "output key"
    case outputHigh = "high half of the output key"
    case outputLow = "low half of the output key"
    case sealingSecret = "sealing secret"
    case walletKey = "wallet key"
    /// As `BLF_PRIVATE_KEY` or a key file brings it; the key's own spellings do not tell it from the key.
    case walletDigits = "digits of the wallet key"
    case password = "keystore password"
    case apiKey = "API key"
    case uploadToken = "upload token"
    case attestationKey = "attestation key"
}

/// Where tests look.
enum Place: String, CaseIterable {
    case supervisorArena = "supervisor: its arena"
    case supervisorMemory = "supervisor: all other memory"
    case freshArena = "worker without a job: its arena"
    case freshMemory = "worker without a job: all other memory"
    case sealingArena = "worker that waits for its material: its arena"
    case sealingMemory = "worker that waits for its material: all other memory"
    case askingArena = "worker that waits for the model: its arena"
    case askingMemory = "worker that waits for the model: all other memory"
    case answeringArena = "worker with half of the answer: its arena"
    case answeringMemory = "worker with half of the answer: all other memory"
    case storingArena = "worker that has its output key encrypted: its arena"
    case storingMemory = "worker that has its output key encrypted: all other memory"
    case wipedArena = "worker after its wipe: its arena"
    case wipedMemory = "worker after its wipe: all other memory"
    case swap = "swap: what of node and workers may be paged out"
    case helperMemory = "encryption helper at its work: all its memory"
    case environment = "/proc/PID/environ"
    case commandLine = "/proc/PID/cmdline"
    case mappings = "/proc/PID/smaps"
    case log = "node.log"
    case journal = "journal.sqlite"
    case journalLog = "journal.sqlite-wal"
    case journalIndex = "journal.sqlite-shm"
    case configuration = "config.json"
    case keystore = "keystore.json"
    case passwordFile = "password"
    case environmentFile = ".env"
    case otherFile = "any other file of the node's folder"
}

/// One place of the table: what lies there, and why nothing else does.
struct CanaryRow {
    /// These must be found, each for its reason. Every other secret must not, in no spelling, not once.
    let holds: [Secret: String]
    let nothingElse: String

    private static func holding(_ holds: [Secret: String], _ nothingElse: String) -> CanaryRow {
        CanaryRow(holds: holds, nothingElse: nothingElse)
    }

    private static func nothing(_ why: String) -> CanaryRow { CanaryRow(holds: [:], nothingElse: why) }

    /// I1, I2, I4 and I12, place by place. The arenas are those of a kernel without memfd_secret, where root can read
    /// them; with it, as everywhere else, they are closed to root as well (`WorkerMemoryTests`).
    static func of(_ place: Place) -> CanaryRow {
        switch place {
        case .supervisorArena:
            holding(
                [
                    .walletKey: "signs for as long as the node runs",
                    .apiKey: "goes to the worker of each job that asks this model",
                    .uploadToken: "goes with each upload", .attestationKey: "makes the next quote",
                ], "I1; the password opened the keystore and is over, the key's digits were never needed")
        case .supervisorMemory: nothing("I1, I12: libcurl and the signer wipe what they copy")
        case .freshArena, .freshMemory: nothing("a worker knows nothing before its job")
        case .sealingArena:
            holding(
                [.sealingSecret: "opens the material that comes next", .apiKey: "came with the order"],
                "nothing else has come")
        case .askingArena:
            holding(
                [.prompt: "is being asked", .wholePrompt: "is being asked", .apiKey: "is part of the request"],
                "the key has done its work; so has the sealing secret; no answer yet")
        case .answeringArena:
            holding(
                [
                    .prompt: "is asked until the answer is whole", .wholePrompt: "is asked until the answer is whole",
                    .apiKey: "is part of the request", .answer: "has begun to come",
                ], "as before")
        case .storingArena:
            holding(
                [
                    .outputKey: "its halves are encrypted one after the other",
                    .outputHigh: "is a part of the key", .outputLow: "is a part of the key",
                ], "the answer is encrypted: it and all that made it are over")
        case .wipedArena: nothing("I2")
        case .sealingMemory, .askingMemory, .answeringMemory, .storingMemory, .wipedMemory:
            nothing("secrets lie in the arena alone, whatever the heap and the stack were used for")
        case .swap: nothing("secrets lie in arenas alone, and those are locked")
        case .helperMemory:
            holding(
                [
                    .outputKey: "is what it encrypts", .outputHigh: "is a part of the key",
                    .outputLow: "is a part of the key",
                ], "it is given nothing else, and by nobody but the worker of its job")
        case .environment: nothing("secrets are moved out of the environment block; workers get none")
        case .commandLine: nothing("no option takes a secret")
        case .mappings: nothing("names of files")
        case .log, .journal, .journalLog, .journalIndex: nothing("I4: ids, hashes and codes")
        case .configuration: nothing("written by `init`, which knows no secret but the key")
        case .keystore: nothing("the key is encrypted")
        case .passwordFile: holding([.password: "the operator wrote it there"], "a file for one secret")
        case .environmentFile: holding([.uploadToken: "the operator wrote it there"], "a file for one secret")
        case .otherFile: nothing("I4")
        }
    }
}

extension Place {
    /// Holds what a scan saw here against the table.
    ///
    /// - Parameters:
    ///   - secrets: those that exist by now.
    ///   - shows: public texts that must be found here, which shows that the scan sees.
    func check(
        _ seen: ScanReport.Place?, _ moment: String, secrets: Set<Secret>, shows: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard let seen else {
            Issue.record("\(rawValue), \(moment): not looked at", sourceLocation: sourceLocation)
            return
        }
        let row = CanaryRow.of(self)
        let found = secrets.filter { seen.count($0.rawValue) > 0 }
        let expected = secrets.intersection(row.holds.keys)
        for secret in found.subtracting(expected) {
            let hits = seen.hits.filter { $0.key.hasPrefix(secret.rawValue + " (") }
            Issue.record(
                "\(rawValue), \(moment): \(secret.rawValue) must not be here (\(row.nothingElse)): \(hits)",
                sourceLocation: sourceLocation)
        }
        for secret in expected.subtracting(found) {
            Issue.record(
                "\(rawValue), \(moment): \(secret.rawValue) is not seen, though it \(row.holds[secret] ?? "")",
                sourceLocation: sourceLocation)
        }
        for text in shows where seen.count(text) == 0 {
            Issue.record("\(rawValue), \(moment): the scan does not see the \(text)", sourceLocation: sourceLocation)
        }
        let list = found.isEmpty ? "nothing" : found.map(\.rawValue).sorted().joined(separator: ", ")
        print("canaries: \(rawValue), \(moment): \(list) of \(secrets.count) secrets in \(seen.bytesRead) bytes")
    }
}
