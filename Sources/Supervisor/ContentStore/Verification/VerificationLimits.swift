package struct VerificationLimits: Sendable {
    /// The longest file accepted.
    package var maximumBytes: Int
    /// Blocks of one file. kubo cuts 1 GiB into 4096 leaves and 24 nodes above them.
    package var maximumBlocks: Int
    /// Levels of links. kubo needs 2 for 7 GiB.
    package var maximumDepth: Int

    package init(maximumBytes: Int, maximumBlocks: Int = 8192, maximumDepth: Int = 8) {
        self.maximumBytes = maximumBytes
        self.maximumBlocks = maximumBlocks
        self.maximumDepth = maximumDepth
    }

    /// The longest answer that can hold such a file: an archive names every block and repeats every size. Files of
    /// chunks under 2 KiB can need more and are refused.
    package var maximumAnswerBytes: Int {
        let file = max(0, min(maximumBytes, 1 << 40))
        return file + file / 16 + (64 << 10)
    }
}
