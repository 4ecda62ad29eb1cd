import Shared
import Testing

@testable import Supervisor

@Suite("The lines of a .env file")
struct EnvironmentFileTests {
    private func parse(_ text: String) throws -> [String] {
        var secret = try SecretBytes(capacity: max(1, text.utf8.count))
        try secret.append(public: text.utf8)
        var found: [String] = []
        try EnvironmentFile.parse(secret) { name, value in
            found.append(name + "=" + value.withBytes { String(decoding: $0, as: UTF8.self) })
        }
        return found
    }

    @Test(
        "names, quotes, comments and exports are read as a shell user means them",
        arguments: [
            ("A=b", ["A=b"]), ("A='b c'", ["A=b c"]), ("A=\"b c\"\r\n", ["A=b c"]), ("export A=b\n", ["A=b"]),
            ("  A=b  \n", ["A=b"]), ("# A=b\nB=c", ["B=c"]), ("A=b=c=d", ["A=b=c=d"]), ("A=", ["A="]), ("A=''", ["A="]),
            ("A=\"b'", ["A=\"b'"]), ("A='", ["A='"]), ("no equals\n=b\n\n", []), ("A B=c", []),
            ("A=$HOME # x", ["A=$HOME # x"]),
            ("A=é\nB=c", ["A=é", "B=c"]), ("", []),
        ])
    func lines(text: String, expected: [String]) throws { #expect(try parse(text) == expected) }
}
