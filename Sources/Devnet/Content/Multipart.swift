internal import Glibc

/// A `multipart/form-data` body (RFC 7578), as uploads bring it.
package struct Multipart {
    package struct Part {
        package let name: String
        package let filename: String?
        package let content: [UInt8]
    }

    package let parts: [Part]
    static let maximumParts = 16

    /// nil for a content type without a boundary, and for a body that is not cut by it properly.
    package init?(contentType: String, body: [UInt8]) {
        guard let boundary = Multipart.parameter("boundary", of: contentType), !boundary.isEmpty,
            boundary.utf8.count <= 70
        else { return nil }
        guard contentType.lowercased().hasPrefix("multipart/form-data") else { return nil }
        let delimiter = Array("\r\n--\(boundary)".utf8)
        let opening = Array(delimiter.dropFirst(2))
        guard body.starts(with: opening) else { return nil }
        var position = opening.count
        var parts: [Part] = []
        while !body[position...].starts(with: Array("--".utf8)) {
            guard body[position...].starts(with: Array("\r\n".utf8)), parts.count < Multipart.maximumParts else {
                return nil
            }
            position += 2
            guard let end = Multipart.find(delimiter, in: body, from: position),
                let part = Multipart.part(body[position..<end])
            else { return nil }
            parts.append(part)
            position = end + delimiter.count
        }
        self.parts = parts
    }

    private static func part(_ bytes: ArraySlice<UInt8>) -> Part? {
        var rest = bytes
        var disposition: String?
        while true {
            guard let end = rest.prefix(8 << 10).firstIndex(of: 0x0A), rest[..<end].last == 0x0D else { return nil }
            let line = String(decoding: rest[rest.startIndex..<end - 1], as: UTF8.self)
            rest = rest[(end + 1)...]
            if line.isEmpty { break }
            let lower = line.lowercased()
            if lower.hasPrefix("content-disposition:") { disposition = line }
        }
        guard let disposition, let name = parameter("name", of: disposition) else { return nil }
        return Part(name: name, filename: parameter("filename", of: disposition), content: Array(rest))
    }

    /// The value of `; name=value` or `; name="value"`.
    private static func parameter(_ name: String, of header: String) -> String? {
        for piece in header.split(separator: ";").dropFirst() {
            let trimmed = piece.drop { $0 == " " }
            guard trimmed.lowercased().hasPrefix(name + "=") else { continue }
            let value = trimmed.dropFirst(name.count + 1)
            guard value.hasPrefix("\"") else { return String(value) }
            guard value.count >= 2, value.hasSuffix("\"") else { return nil }
            return String(value.dropFirst().dropLast())
        }
        return nil
    }

    // memchr finds the candidates: a loop over 8 MiB in Swift takes most of a second in a debug build.
    private static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { haystack in
            guard let base = haystack.baseAddress else { return nil }
            var position = start
            while position + needle.count <= haystack.count {
                guard
                    let found = memchr(base + position, Int32(needle[0]), haystack.count - needle.count + 1 - position)
                else { return nil }
                position = UnsafeRawPointer(found) - base
                if memcmp(found, needle, needle.count) == 0 { return position }
                position += 1
            }
            return nil
        }
    }
}
