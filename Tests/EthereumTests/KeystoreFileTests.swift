import Ethereum
import Foundation
import Shared
import Testing

/// A folder that goes with the test.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "ethereum-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { url.appending(path: name).path }
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }

    deinit { try? FileManager.default.removeItem(at: url) }
}

@Suite struct KeystoreFileTests {
    private let folder: TemporaryFolder
    private let keystore: Keystore
    private let other: Keystore

    init() throws {
        folder = try TemporaryFolder()
        keystore = try Keystore(sealing: .generate(), password: Vectors.secret("one"), cost: KeystoreTests.cost)
        other = try Keystore(sealing: .generate(), password: Vectors.secret("two"), cost: KeystoreTests.cost)
    }

    private func mode(_ path: String) throws -> Int? {
        (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
    }

    @Test("a saved keystore has mode 0600, loads again and leaves nothing else behind")
    func save() throws {
        let path = folder.path("key.json")
        try KeystoreFile.save(keystore, path: path, replacing: false)
        #expect(try mode(path) == 0o600)
        let loaded = try KeystoreFile.load(path: path)
        #expect(loaded.keystore == keystore)
        #expect(!loaded.isExposed)
        #expect(try folder.names() == ["key.json"])
    }

    @Test("an existing file is replaced only when told to")
    func replacing() throws {
        let path = folder.path("key.json")
        try KeystoreFile.save(keystore, path: path, replacing: false)
        #expect(throws: KeystoreError.file(.exists)) { try KeystoreFile.save(other, path: path, replacing: false) }
        #expect(try KeystoreFile.load(path: path).keystore == keystore)
        try KeystoreFile.save(other, path: path, replacing: true)
        #expect(try KeystoreFile.load(path: path).keystore == other)
        #expect(try mode(path) == 0o600)
        #expect(try folder.names() == ["key.json"])
    }

    @Test("a link in the place of the file is neither written through nor read through")
    func links() throws {
        let target = folder.path("target")
        let link = folder.path("link")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
        #expect(throws: KeystoreError.file(.exists)) { try KeystoreFile.save(keystore, path: link, replacing: false) }
        #expect(!FileManager.default.fileExists(atPath: target))
        try KeystoreFile.save(keystore, path: target, replacing: false)
        #expect(throws: KeystoreError.file(.notRegular)) { try KeystoreFile.load(path: link) }
        try KeystoreFile.save(other, path: link, replacing: true)
        #expect(try KeystoreFile.load(path: target).keystore == keystore)
        #expect(try KeystoreFile.load(path: link).keystore == other)
    }

    @Test("a file that others may read is loaded and reported", arguments: [0o640, 0o604, 0o644, 0o620])
    func exposed(mode: Int) throws {
        let path = folder.path("key.json")
        try KeystoreFile.save(keystore, path: path, replacing: false)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect(try KeystoreFile.load(path: path).isExposed)
    }

    @Test("a path that leads to no regular file of a sane size is refused without waiting")
    func unreadable() throws {
        #expect(throws: KeystoreError.file(.missing)) { try KeystoreFile.load(path: folder.path("none")) }
        #expect(throws: KeystoreError.file(.notRegular)) { try KeystoreFile.load(path: folder.url.path) }
        #expect(throws: KeystoreError.file(.notRegular)) { try KeystoreFile.load(path: "/dev/zero") }
        #expect(throws: KeystoreError.file(.badPath)) { try KeystoreFile.load(path: "") }
        let pipe = folder.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(throws: KeystoreError.file(.notRegular)) { try KeystoreFile.load(path: pipe) }
        let long = folder.path("long")
        try Data(count: (64 << 10) + 1).write(to: URL(filePath: long))
        #expect(throws: KeystoreError.file(.tooLong(limit: 64 << 10))) { try KeystoreFile.load(path: long) }
        try Data(count: 64 << 10).write(to: URL(filePath: long))
        #expect(throws: KeystoreError.damaged) { try KeystoreFile.load(path: long) }
    }

    @Test("a path that cannot take a file is refused and nothing is left behind")
    func unwritable() throws {
        for path in ["", "key\u{0}.json", folder.path("folder") + "/", folder.url.path + "/.."] {
            #expect(throws: KeystoreError.file(.badPath)) {
                try KeystoreFile.save(keystore, path: path, replacing: true)
            }
        }
        #expect(throws: KeystoreError.file(.missing)) {
            try KeystoreFile.save(keystore, path: folder.path("none/key.json"), replacing: false)
        }
        let taken = folder.path("taken")
        try FileManager.default.createDirectory(atPath: taken, withIntermediateDirectories: false)
        #expect(throws: KeystoreError.self) { try KeystoreFile.save(keystore, path: taken, replacing: true) }
        #expect(throws: KeystoreError.file(.exists)) { try KeystoreFile.save(keystore, path: taken, replacing: false) }
        #expect(try folder.names() == ["taken"])
    }
}
