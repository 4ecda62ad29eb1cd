internal import CSystem
internal import Glibc

/// Secret bytes in the process's `SecretArena`: move-only, locked, wiped when the last owner lets go.
///
/// There is deliberately no conversion to `String`, `Data` or `Array`, and a noncopyable value cannot be interpolated,
/// logged or encoded. Code that touches plaintext borrows the bytes inside a closure.
// @unchecked: the memory has one owner at a time, which the compiler enforces through ~Copyable.
package struct SecretBytes: ~Copyable, @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    package let capacity: Int
    private let arena: SecretArena
    /// The highest count ever reached: what must be wiped.
    private var touched = 0
    package private(set) var count = 0 {
        didSet { touched = max(touched, count) }
    }

    package var isEmpty: Bool { count == 0 }
    package var description: String { "‹secret›" }

    /// An empty secret with room for `capacity` bytes.
    package init(capacity: Int) throws(SecretMemoryError) {
        let arena = try SecretArena.shared()
        base = try arena.allocate(capacity)
        self.capacity = capacity
        self.arena = arena
    }

    /// `count` bytes of zero, to be written over, with room for no more.
    package init(zeros count: Int) throws(SecretMemoryError) {
        try self.init(capacity: count)
        extend(to: count)
    }

    /// `count` bytes from the kernel's random generator.
    package static func random(count: Int) throws(SecretMemoryError) -> SecretBytes {
        let secret = try SecretBytes(zeros: count)
        csystem_random(secret.base, count)
        return secret
    }

    package borrowing func withBytes<R: ~Copyable, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E)
        -> R
    {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// The bytes, changeable in place. Their number stays.
    package mutating func withMutableBytes<R: ~Copyable, E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try body(UnsafeMutableRawBufferPointer(start: base, count: count))
    }

    /// Makes room for more bytes at the end; they start as zero.
    ///
    /// - Precondition: `newCount` lies between `count` and `capacity`.
    package mutating func extend(to newCount: Int) {
        precondition(newCount >= count && newCount <= capacity)
        count = newCount
    }

    /// Drops bytes from the end and wipes them.
    package mutating func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count)
        csystem_wipe(base + newCount, count - newCount)
        count = newCount
    }

    /// Drops the first `dropped` bytes; the rest moves to the front and the freed end is wiped.
    package mutating func removeFirst(_ dropped: Int) {
        precondition(dropped >= 0 && dropped <= count)
        memmove(base, base + dropped, count - dropped)
        truncate(to: count - dropped)
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(SecretMemoryError) {
        guard capacity - count >= bytes.count else { throw .overflow }
        guard let source = bytes.baseAddress else { return }
        memcpy(base + count, source, bytes.count)
        count += bytes.count
    }

    /// Lets `read` put bytes behind the last one, at most `limit`, and answer how many it put there.
    package mutating func append<E: Error>(
        atMost limit: Int, read: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) -> Int {
        let room = UnsafeMutableRawBufferPointer(start: base + count, count: min(capacity - count, limit))
        let added = try read(room)
        precondition(added >= 0 && added <= room.count)
        count += added
        return added
    }

    package mutating func append(_ byte: UInt8) throws(SecretMemoryError) {
        guard count < capacity else { throw .overflow }
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    package mutating func append(_ other: borrowing SecretBytes) throws(SecretMemoryError) {
        guard capacity - count >= other.count else { throw .overflow }
        memcpy(base + count, other.base, other.count)
        count += other.count
    }

    package mutating func append(_ text: StaticString) throws(SecretMemoryError) {
        try append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends bytes that are no secret, as part of a larger secret text.
    package mutating func append(public text: some Collection<UInt8>) throws(SecretMemoryError) {
        for byte in text { try append(byte) }
    }

    /// A copy of `range`, for instance one half of a key.
    package borrowing func copy(_ range: Range<Int>) throws(SecretMemoryError) -> SecretBytes {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        var other = try SecretBytes(capacity: range.count)
        try other.append(UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
        return other
    }

    /// Compares in a time that depends on the lengths alone.
    package borrowing func equals(_ other: borrowing SecretBytes) -> Bool {
        guard count == other.count else { return false }
        var difference: UInt8 = 0
        for index in 0..<count {
            difference |=
                base.load(fromByteOffset: index, as: UInt8.self)
                ^ other.base.load(fromByteOffset: index, as: UInt8.self)
        }
        return difference == 0
    }

    /// Wipes the bytes now; the secret is empty afterwards and can be filled again.
    package mutating func wipe() {
        csystem_wipe(base, touched)
        count = 0
        touched = 0
    }

    deinit { arena.release(base, capacity: capacity, used: touched) }
}

extension SecretBytes {
    /// Whether the bytes are well-formed UTF-8.
    package var isUTF8: Bool {
        withBytes { bytes in
            var index = 0
            while index < bytes.count {
                if bytes[index] < 0x80 {
                    index += 1
                    // Most text is plain: eight bytes at a time.
                    while index + 8 <= bytes.count,
                        bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                    { index += 8 }
                } else {
                    guard let length = try? UTF8Sequence.length(bytes, at: index) else { return false }
                    index += length
                }
            }
            return true
        }
    }
}
