internal import Foundation

/// A folder of one test, gone with it.
package final class TemporaryFolder: Sendable {
    package let directory = FileManager.default.temporaryDirectory.appending(path: "blindference-\(UUID().uuidString)")
        .path

    package init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    package func path(_ name: String) -> String { directory + "/" + name }

    package func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path(name)))
    }
}
