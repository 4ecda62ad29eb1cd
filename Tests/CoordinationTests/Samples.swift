import Foundation
import Testing

import Coordination
import Shared

/// The payloads of Tests/Vectors/icl-samples.json.
enum Samples {
    static let all: JSONValue = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Vectors/icl-samples.json")
        guard let text = try? Data(contentsOf: file), let value = try? JSONValue(parsing: Array(text)) else {
            return .null
        }
        return value
    }()

    static func value(_ path: String...) throws -> JSONValue {
        var value = all
        for key in path { value = try #require(value[key], "no sample \(path)") }
        return value
    }

    /// The bytes of one sample, as a server would send them.
    static func bytes(_ section: String, _ name: String) throws -> [UInt8] { try value(section, name).encoded() }

    static func text(_ path: String...) throws -> String {
        var value = all
        for key in path { value = try #require(value[key], "no sample \(path)") }
        return try #require(value.text)
    }

    static let leader = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    static let jobText = "0x5f1c7a90de4b3826f07a41c95e2d8b63a19704fcb2e85d316c0f9a7e24d8b513"
    static func job() throws -> JobID { try #require(JobID(jobText)) }
}
