import Coordination
import Foundation
import HTTPTransport
import LocalNode
import Shared
import Testing

@testable import Supervisor

@Suite("The doctor's look at files")
struct FileCheckTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func file(_ name: String, _ text: String = "x", mode: Int) throws -> String {
        try folder.write(name, text)
        chmod(folder.path(name), mode_t(mode))
        return folder.path(name)
    }

    @Test(
        "a folder that others may write to fails, one that they may look into is a warning",
        arguments: [
            (0o700, Finding.Outcome.pass), (0o750, .warn), (0o701, .warn), (0o755, .warn), (0o770, .fail),
            (0o777, .fail),
            (0o722, .fail),
        ])
    func folderModes(mode: Int, outcome: Finding.Outcome) throws {
        chmod(folder.directory, mode_t(mode))
        let found = FileChecks.folder(folder.directory)
        #expect(found.outcome == outcome)
        #expect((found.nextStep == "Run: chmod 700 \(folder.directory)") == (outcome != .pass))
    }

    @Test("a missing folder, and a file in its place")
    func noFolder() throws {
        #expect(FileChecks.folder(folder.path("none")).nextStep == "Run: blindference-node init")
        #expect(FileChecks.folder(try file("file", mode: 0o600)).outcome == .fail)
    }

    @Test(
        "config.json: none is right, readable is a warning, changeable fails",
        arguments: [
            (0o600, Finding.Outcome.pass), (0o640, .warn), (0o604, .warn), (0o620, .fail), (0o606, .fail),
        ])
    func configFile(mode: Int, outcome: Finding.Outcome) throws {
        #expect(FileChecks.configFile(folder.path("none")).outcome == .pass)
        #expect(FileChecks.configFile(try file("config.json", mode: mode)).outcome == outcome)
    }

    @Test("a file of another user fails, but root may look at a node of another user")
    func owner() throws {
        let rights = try #require(FileRights(try file("file", mode: 0o600)))
        #expect(rights.strangeOwner(.keystore, "file", user: rights.owner) == nil)
        #expect(rights.strangeOwner(.keystore, "file", user: rights.owner + 1)?.outcome == .fail)
        let other = try #require(FileRights("/proc/self/environ"))
        #expect(other.owner != 0 || other.strangeOwner(.keystore, "x", user: 0) == nil)
    }

    @Test(
        "an API key's file must be there, yours alone, and hold something",
        arguments: [
            (mode: 0o600, text: "key", outcome: Finding.Outcome.pass), (0o400, "key\n", .pass), (0o644, "key", .fail),
            (0o620, "key", .fail), (0o600, "", .fail), (0o600, String(repeating: "k", count: 9000), .fail),
        ])
    func apiKey(mode: Int, text: String, outcome: Finding.Outcome) throws {
        var configuration = try Configuration(directory: folder.directory, values: [:], notes: [])
        #expect(FileChecks.apiKeys(configuration, environmentFile: folder.path("none")).map(\.outcome) == [.pass])
        configuration.openaiAPIKeyFile = try file("key", text, mode: mode)
        let found = FileChecks.apiKeys(configuration, environmentFile: folder.path("none"))
        #expect(found.map(\.outcome) == [outcome])
        configuration.openaiAPIKeyFile = folder.path("gone")
        #expect(FileChecks.apiKeys(configuration, environmentFile: folder.path("none")).map(\.outcome) == [.fail])
    }

    @Test("a .env file that others may read is a warning")
    func environmentFile() throws {
        let configuration = try Configuration(directory: folder.directory, values: [:], notes: [])
        let open = FileChecks.apiKeys(configuration, environmentFile: try file(".env", mode: 0o644))
        #expect(open.map(\.outcome) == [.warn])
        let closed = FileChecks.apiKeys(configuration, environmentFile: try file(".env", mode: 0o600))
        #expect(closed.map(\.outcome) == [.pass])
    }

    @Test(
        "less than 1 GiB of disk is a warning, less than 100 MiB fails",
        arguments: [
            (UInt64(1) << 30, Finding.Outcome.pass), (1 << 30 - 1, .warn), (100 << 20, .warn), (100 << 20 - 1, .fail),
            (0, .fail),
        ])
    func disk(free: UInt64, outcome: Finding.Outcome) {
        #expect(FileChecks.disk("/", free: { _ in free }).outcome == outcome)
    }

    @Test("the disk is asked about the folder that is given")
    func realDisk() {
        #expect(FileChecks.freeBytes("/proc") == 0, "a file system without blocks")
        #expect(FileChecks.freeBytes(folder.directory) ?? 0 > 0)
        #expect(FileChecks.freeBytes(folder.path("none")) == nil)
        #expect(FileChecks.disk(folder.path("none")).outcome == .warn)
    }

    @Test("the worker's program must be a file that this user may run and not everybody may change")
    func program() throws {
        let path = try file("worker", mode: 0o755)
        #expect(FileChecks.workerProgram(path).outcome == .pass)
        symlink(path, folder.path("link"))
        for bad in [
            folder.path("none"), folder.path("link"), folder.directory, try file("plain", mode: 0o644),
            try file("open", mode: 0o757),
        ] {
            #expect(FileChecks.workerProgram(bad).outcome == .fail, "\(bad)")
        }
    }
}

@Suite("The doctor's look at the journal")
struct JournalCheckTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path("journal.sqlite") }

    init() throws { folder = try TemporaryFolder() }

    private func examine(now: Int = 1_000_000) async throws -> [Finding] {
        try await ScriptedDoctor.doctor(folder) { _ throws(HTTPFailure) in throw .connectFailed }.examineJournal(
            path, now: now)
    }

    private func attest(until expiry: Int, in journal: Journal) async throws {
        try await Certificate(hash: "0xab", expiry: expiry, tier: 0, backend: "mock", models: []).store(in: journal)
    }

    /// Every file with its bytes and its time.
    private func contents() throws -> [String: [String]] {
        var all: [String: [String]] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.directory) {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(name))
            let data = FileManager.default.contents(atPath: folder.path(name)) ?? Data()
            all[name] = ["\(attributes[.modificationDate] ?? "")", data.base64EncodedString()]
        }
        return all
    }

    @Test(
        "a certificate warns in its last six hours, and fails when it has expired",
        arguments: [
            (21_601, Finding.Outcome.pass), (21_600, .pass), (21_599, .warn), (1, .warn), (0, .fail), (-500, .fail),
        ])
    func certificate(left: Int, outcome: Finding.Outcome) async throws {
        try await attest(until: 1_000_000 + left, in: Journal(path: path))
        #expect(try await examine().map(\.outcome) == [.pass, outcome])
    }

    @Test("without a journal, and without a certificate in it, the node is merely not attested yet")
    func fresh() async throws {
        #expect(try await examine().map(\.outcome) == [.pass, .warn])
        #expect(try contents().isEmpty, "none was made")
        _ = try Journal(path: path)
        #expect(try await examine().map(\.outcome) == [.pass, .warn])
    }

    @Test("looking changes no byte and makes no file")
    func unchanged() async throws {
        do {
            let journal = try Journal(path: path)
            try await attest(until: 2_000_000, in: journal)
        }
        let before = try contents()
        #expect(before.keys.sorted() == ["journal.sqlite"])
        #expect(try await examine().map(\.outcome) == [.pass, .pass])
        #expect(try contents() == before)
    }

    @Test("what a running node has just written is seen")
    func inUse() async throws {
        let journal = try Journal(path: path)
        try await attest(until: 2_000_000, in: journal)
        #expect(FileManager.default.fileExists(atPath: path + "-wal"))
        #expect(try await examine().map(\.outcome) == [.pass, .pass])
        try await attest(until: 500_000, in: journal)
        #expect(try await examine().map(\.outcome) == [.pass, .fail])
    }

    @Test("a file that is no journal fails, and so does one with a damaged page")
    func damaged() async throws {
        try folder.write("journal.sqlite", String(repeating: "no database ", count: 1000))
        #expect(try await examine().map(\.outcome) == [.fail])
        try FileManager.default.removeItem(atPath: path)
        do {
            let journal = try Journal(path: path)
            for index in 0..<500 {
                let id = try #require(JobID("job \(index)"))
                try await journal.record(
                    JournalEntry(id: id, role: .leader, model: "m", promptCID: "Qm", updatedAt: index))
            }
        }
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: 8 * 4096)
        try file.write(contentsOf: Data(repeating: 0x5A, count: 4096))
        try file.close()
        #expect(try await examine().map(\.outcome) == [.fail])
    }
}
