internal import CNeedles

/// Needles that are looked for together, in one pass.
package struct NeedleSet: Sendable {
    private let needles: [Needle]
    private let bytes: [UInt8]
    private let lengths: [Int]

    /// - Precondition: none is shorter than two bytes.
    package init(_ needles: [Needle]) {
        precondition(needles.allSatisfy { $0.bytes.count >= 2 })
        self.needles = needles
        bytes = needles.flatMap(\.bytes)
        lengths = needles.map(\.bytes.count)
    }

    /// Every place of every needle in the first `count` bytes.
    func places(in text: [UInt8], count: Int) -> [(needle: Needle, offset: Int)] {
        var places: [(needle: Needle, offset: Int)] = []
        var (offset, first) = (0, 0)
        while true {
            let number = cneedles_find(text, count, bytes, lengths, lengths.count, &offset, first)
            guard number >= 0 else { return places }
            places.append((needles[number], offset))
            first = number + 1
        }
    }

    /// How often each needle stands in a file or on a disk, which may be larger than memory; nil where it cannot be read.
    func count(in path: String) -> (hits: [String: Int], bytesRead: Int)? {
        let (step, overlap) = (4 << 20, (lengths.max() ?? 1) - 1)
        var (hits, rest, bytesRead): ([String: Int], [UInt8], Int) = ([:], [], 0)
        // What begins in the last bytes may end in the next piece, and is counted there.
        func count(upTo end: Int) {
            for (needle, offset) in places(in: rest, count: rest.count) where offset < end {
                hits[needle.name, default: 0] += 1
            }
            rest.removeFirst(end)
        }
        let isWhole = WholeFile.read(path) { piece in
            bytesRead += piece.count
            rest += piece
            if rest.count >= step + overlap { count(upTo: rest.count - overlap) }
        }
        count(upTo: rest.count)
        return isWhole ? (hits, bytesRead) : nil
    }

    /// The names of the needles that are there.
    package func names(in text: [UInt8]) -> Set<String> { Set(places(in: text, count: text.count).map(\.needle.name)) }
}
