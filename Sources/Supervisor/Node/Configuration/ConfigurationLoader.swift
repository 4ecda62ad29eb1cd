internal import Foundation
internal import Shared

/// Finds and reads a node's configuration.
package struct ConfigurationLoader: Sendable {
    package let directory: String
    private let environment: OperatorEnvironment

    package var file: String { directory + "/config.json" }

    /// - Parameter directory: given on the command line; else `BLF_CONFIG_DIR`, the folder of `BLF_CONFIG_PATH`, or
    ///   `~/.blindference`. As for the published node, `~` is `HOME`, where that is an absolute path.
    package init(directory: String? = nil, environment: OperatorEnvironment) {
        self.environment = environment
        let folder = environment.text("BLF_CONFIG_PATH").map { ($0 as NSString).deletingLastPathComponent }
        let chosen = directory ?? environment.text("BLF_CONFIG_DIR") ?? folder ?? "~/.blindference"
        // Foundation takes the user's home from the system's records alone.
        if let home = environment.text("HOME"), home.hasPrefix("/"), chosen == "~" || chosen.hasPrefix("~/") {
            let path = home.dropLast(home.hasSuffix("/") ? 1 : 0) + chosen.dropFirst()
            self.directory = path.isEmpty ? "/" : String(path)
        } else {
            self.directory = (chosen as NSString).expandingTildeInPath
        }
    }

    package func load() throws(ConfigurationError) -> Configuration {
        var values: [Setting: SettingValue] = [:]
        var notes: [String] = []
        try readFile(into: &values, notes: &notes)
        for (name, setting) in Setting.formerVariables.sorted(by: { $0.key < $1.key }) {
            guard let text = environment.text(name) else { continue }
            values[setting] = try SettingValue(variable: text, for: setting)
            notes.append("\(name) is an old name of \(setting.variable).")
        }
        for setting in Setting.allCases {
            guard let text = environment.text(setting.variable) else { continue }
            values[setting] = try SettingValue(variable: text, for: setting)
        }
        return try Configuration(directory: directory, values: values, notes: notes)
    }

    private func readFile(into values: inout [Setting: SettingValue], notes: inout [String]) throws(ConfigurationError)
    {
        guard FileManager.default.fileExists(atPath: file) else { return }
        guard let data = FileManager.default.contents(atPath: file) else { throw .fileUnreadable(path: file) }
        let json: JSONValue
        do throws(JSONError) { json = try JSONValue(parsing: [UInt8](data)) } catch {
            throw .fileMalformed(path: file, offset: error.offset)
        }
        guard case .object(let members) = json else { throw .fileMalformed(path: file, offset: 0) }
        var unknown: [String] = []
        for member in members {
            if let setting = Setting(rawValue: member.key) ?? Setting.formerKeys[member.key] {
                if member.value == .null { continue }
                values[setting] = try SettingValue(member.value, for: setting)
                if setting.rawValue != member.key {
                    notes.append("\(member.key) is an old name of \(setting.rawValue).")
                }
            } else if Setting.stateKeys.contains(member.key) {
                notes.append("\(member.key) is state and is kept in the journal; the line in \(file) has no effect.")
            } else {
                unknown.append(member.key)
            }
        }
        guard unknown.isEmpty else { throw .unknownKeys(unknown, path: file) }
    }
}
