internal import Shared

/// Takes one string out of a JSON text without copying anything else: the answer never becomes a `String`.
enum JSONAnswer {
    enum Step { case key(StaticString), first }

    /// The string at `path`, unescaped. The whole text is read, so that a truncated or malformed one is refused.
    static func text(in body: borrowing SecretBytes, at path: [Step]) throws(JobFailure) -> SecretBytes {
        do {
            return try body.withBytes { bytes in
                var scanner = JSONScanner(bytes)
                var found: Range<Int>?
                try find(path[...], &scanner, bytes, &found)
                guard try scanner.next() == .end, let found else { throw JobFailure.modelResponseMalformed }
                guard found.count <= JobLimits.answer else { throw JobFailure.modelResponseTooLarge }
                var text = try SecretBytes(capacity: max(found.count, 1))
                try unescapeJSON(bytes, found) { try text.append($0) }
                return text
            }
        } catch let failure as JobFailure { throw failure } catch is SecretMemoryError {
            throw .secretMemoryExhausted
        } catch {
            throw .modelResponseMalformed
        }
    }

    private static func find(
        _ path: ArraySlice<Step>, _ scanner: inout JSONScanner, _ bytes: UnsafeRawBufferPointer,
        _ found: inout Range<Int>?
    ) throws {
        guard let step = path.first else {
            guard case .string(let range) = try scanner.next() else { throw JobFailure.modelResponseMalformed }
            found = range
            return
        }
        switch step {
        case .key(let name):
            guard try scanner.next() == .beginObject else { throw JobFailure.modelResponseMalformed }
            while true {
                let token = try scanner.next()
                if token == .endObject { return }
                guard case .key(let range) = token else { throw JobFailure.modelResponseMalformed }
                if equal(bytes, range, name) {
                    // A repeated key is read differently by different readers.
                    guard found == nil else { throw JobFailure.modelResponseMalformed }
                    try find(path.dropFirst(), &scanner, bytes, &found)
                } else {
                    try scanner.skipValue()
                }
            }
        case .first:
            guard try scanner.next() == .beginArray else { throw JobFailure.modelResponseMalformed }
            try find(path.dropFirst(), &scanner, bytes, &found)
            // The other elements are no concern of ours, but must be well-formed.
            let inside = scanner.depth
            while scanner.depth >= inside { _ = try scanner.next() }
        }
    }

    private static func equal(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ name: StaticString) -> Bool {
        guard range.count == name.utf8CodeUnitCount else { return false }
        return bytes[range].elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: range.count))
    }
}
