internal import Shared

/// The lines of a `.env` file: `NAME=value`, `export NAME=value`, `# comment`. Values may be quoted; nothing is expanded.
enum EnvironmentFile {
    static func parse(_ text: borrowing SecretBytes, entry: (String, borrowing SecretBytes) throws -> Void) throws {
        try text.withBytes { bytes in
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                var line = line
                while let first = line.first, first == 0x20 || first == 0x09 { line = line.dropFirst() }
                while let last = line.last, last == 0x20 || last == 0x09 || last == 0x0D { line = line.dropLast() }
                if line.starts(with: "export ".utf8) { line = line.dropFirst(7) }
                guard let equals = line.firstIndex(of: UInt8(ascii: "=")), line.first != UInt8(ascii: "#") else {
                    continue
                }
                let name = String(decoding: line[..<equals], as: UTF8.self)
                guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { continue }
                let rest = line[(equals + 1)...]
                var value = try SecretBytes(capacity: max(rest.count, 1))
                try value.append(UnsafeRawBufferPointer(rebasing: rest))
                value.stripQuotes()
                try entry(name, value)
            }
        }
    }
}
