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

    /// The names of the needles that are there.
    package func names(in text: [UInt8]) -> Set<String> { Set(places(in: text, count: text.count).map(\.needle.name)) }
}
