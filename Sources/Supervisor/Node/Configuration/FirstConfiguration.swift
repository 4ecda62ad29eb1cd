package import Ethereum
internal import Foundation
internal import Shared

/// The `config.json` that `init` writes: the address, and the models left for the operator to fill in.
package enum FirstConfiguration {
    /// Writes the file, or sets the address in the one that is there; everything else in it stays.
    package static func write(to path: String, address: Address) throws {
        var members: [JSONValue.Member] = []
        if let data = FileManager.default.contents(atPath: path),
            case .object(let present) = try JSONValue(parsing: [UInt8](data))
        {
            members = present.filter { $0.key != Setting.nodeAddress.rawValue }
        }
        members.insert(.init(Setting.nodeAddress.rawValue, .string(address.checksummed)), at: 0)
        let lines = members.map { member in
            "  " + String(decoding: JSONValue.string(member.key).encoded(), as: UTF8.self) + ": "
                + String(decoding: member.value.encoded(), as: UTF8.self)
        }
        let text = "{\n" + lines.joined(separator: ",\n") + "\n}\n"
        try DurableFile.write(Array(text.utf8), path: path, mode: 0o600, replacing: true)
    }
}
