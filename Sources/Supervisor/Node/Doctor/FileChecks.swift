internal import Foundation
internal import Glibc
internal import Shared

/// The node's files: there, whole, and nobody else's business.
enum FileChecks {
    static func workerProgram(_ path: String) -> Finding {
        guard let rights = FileRights(path) else {
            return Finding(
                .workerProgram, .fail, "There is no \(path).",
                next: "Install blindference-worker of the same release beside blindference-node.")
        }
        guard rights.kind == .file, access(path, R_OK | X_OK) == 0 else {
            return Finding(
                .workerProgram, .fail, "\(path) is no program that this user may run; links are not followed.",
                next: "Install the file itself, readable and executable: chmod 755 \(path)")
        }
        guard rights.mode & 0o002 == 0 else {
            return Finding(
                .workerProgram, .fail, "Anybody may change \(path).", next: "Run: chmod go-w \(path)")
        }
        return Finding(.workerProgram, .pass, "The worker's program is \(path).")
    }

    static func folder(_ path: String) -> Finding {
        guard let rights = FileRights(path) else {
            return Finding(
                .folder, about: path, .fail, "There is no folder \(path).", next: "Run: blindference-node init")
        }
        guard rights.kind == .folder else {
            return Finding(
                .folder, about: path, .fail, "\(path) is no folder.", next: "Choose another with --config-dir.")
        }
        if let strange = rights.strangeOwner(.folder, path) { return strange }
        let cure = "Run: chmod 700 \(path)"
        if rights.isWritableByOthers {
            return Finding(.folder, about: path, .fail, "Others may put files into \(path).", next: cure)
        }
        if rights.mode & 0o077 != 0 {
            return Finding(.folder, about: path, .warn, "Others may look into \(path).", next: cure)
        }
        return Finding(.folder, about: path, .pass, "Yours alone.")
    }

    /// `config.json` as a file; whether it can be understood is another check.
    static func configFile(_ path: String) -> Finding {
        guard let rights = FileRights(path) else {
            return Finding(.configFile, about: path, .pass, "There is none; defaults and BLF_ variables apply.")
        }
        if let strange = rights.strangeOwner(.configFile, path) { return strange }
        let cure = "Run: chmod 600 \(path)"
        if rights.isWritableByOthers {
            return Finding(.configFile, about: path, .fail, "Others may change \(path).", next: cure)
        }
        if rights.isReadableByOthers {
            return Finding(
                .configFile, about: path, .warn, "Others may read \(path); addresses in it may hold API keys.",
                next: cure)
        }
        return Finding(.configFile, about: path, .pass, "Yours alone.")
    }

    /// What the loader had to say about a configuration that it could read.
    static func notes(of configuration: Configuration) -> [Finding] {
        let notes = configuration.notes.map {
            Finding(.configuration, .warn, $0, next: "Correct the line in config.json, or the variable.")
        }
        return notes.isEmpty ? [Finding(.configuration, .pass, "All settings are understood.")] : notes
    }

    /// Looked at from outside: the keys themselves are not read.
    static func apiKeys(_ configuration: Configuration, environmentFile: String = ".env") -> [Finding] {
        var findings: [Finding] = []
        if let path = configuration.openaiAPIKeyFile { findings.append(apiKey(path)) }
        if let rights = FileRights(environmentFile), rights.isReadableByOthers {
            findings.append(
                Finding(
                    .apiKeys, about: environmentFile, .warn,
                    "Others may read the .env file of this folder, which may hold keys.",
                    next: "Run: chmod 600 \(environmentFile)"))
        }
        return findings.isEmpty ? [Finding(.apiKeys, .pass, "No key lies open in a file.")] : findings
    }

    private static func apiKey(_ path: String) -> Finding {
        func fail(_ text: String, next: String) -> Finding { Finding(.apiKeys, about: path, .fail, text, next: next) }
        let cure = "Put the key alone into \(path), with mode 600, or correct openai_api_key_file."
        guard let rights = FileRights(path) else { return fail("There is no \(path).", next: cure) }
        guard rights.kind != .folder, access(path, R_OK) == 0 else {
            return fail("\(path) cannot be read.", next: cure)
        }
        guard rights.kind == .other || rights.mode & 0o077 == 0 else {
            return fail("Others may use \(path).", next: "Run: chmod 600 \(path)")
        }
        guard (1...JobLimits.credential).contains(rights.size) else {
            return fail("\(path) has \(rights.size) bytes, which is no API key.", next: cure)
        }
        return Finding(.apiKeys, about: path, .pass, "Yours alone.")
    }

    static func disk(_ folder: String, free: (String) -> UInt64? = FileChecks.freeBytes) -> Finding {
        guard let free = free(folder) else {
            return Finding(
                .disk, .warn, "How much room there is in \(folder) cannot be seen.", next: "Look with df.")
        }
        let text = "\(free >> 20) MiB are free in \(folder)."
        let next = "Make room: a journal that cannot be written stops every job."
        if free < 100 << 20 { return Finding(.disk, .fail, text, next: next) }
        return Finding(.disk, free < 1 << 30 ? .warn : .pass, text, next: free < 1 << 30 ? next : nil)
    }

    static func freeBytes(_ path: String) -> UInt64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }
}
