internal import CSystem

/// Keccak-256 as Ethereum uses it: the padding of the original submission (0x01), not SHA-3's (0x06).
///
/// Own code because neither OpenSSL 3.0 nor a C library in Debian has it.
package enum Keccak256 {
    package static let byteCount = 32
    private static let rate = 136
    private static let lanes = 25

    package static func hash(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { hash($0) } }

    package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: lanes) { state in
            state.initialize(repeating: 0)
            // Before its first permutation the state is the message itself.
            defer { csystem_wipe(state.baseAddress, lanes * 8) }
            absorb(bytes, into: state)
            return (0..<byteCount).map { UInt8(truncatingIfNeeded: state[$0 / 8] >> UInt64($0 % 8 * 8)) }
        }
    }

    /// The digest of a secret, with the stack wiped behind it. Whether the digest is a secret is the caller's matter.
    package static func hash(_ secret: borrowing SecretBytes) -> [UInt8] {
        let digest = secret.withBytes { hash($0) }
        csystem_wipe_stack()
        return digest
    }

    private static func absorb(_ bytes: UnsafeRawBufferPointer, into state: UnsafeMutableBufferPointer<UInt64>) {
        var start = 0
        while bytes.count - start >= rate {
            for lane in 0..<rate / 8 {
                let word = bytes.loadUnaligned(fromByteOffset: start + lane * 8, as: UInt64.self)
                state[lane] ^= UInt64(littleEndian: word)
            }
            permute(state)
            start += rate
        }
        let left = bytes.count - start
        for index in 0..<left { state[index / 8] ^= UInt64(bytes[start + index]) << UInt64(index % 8 * 8) }
        state[left / 8] ^= 0x01 << UInt64(left % 8 * 8)
        state[rate / 8 - 1] ^= 0x80 << 56
        permute(state)
    }

    private static func permute(_ state: UnsafeMutableBufferPointer<UInt64>) {
        for constant in roundConstants {
            mixColumns(state)
            var moved = state[1]
            for step in 0..<24 {
                let lane = destinations[step]
                (state[lane], moved) = (rotate(moved, by: rotations[step]), state[lane])
            }
            for row in stride(from: 0, to: lanes, by: 5) {
                let (a, b, c, d, e) = (state[row], state[row + 1], state[row + 2], state[row + 3], state[row + 4])
                state[row] = a ^ (~b & c)
                state[row + 1] = b ^ (~c & d)
                state[row + 2] = c ^ (~d & e)
                state[row + 3] = d ^ (~e & a)
                state[row + 4] = e ^ (~a & b)
            }
            state[0] ^= constant
        }
    }

    private static func mixColumns(_ state: UnsafeMutableBufferPointer<UInt64>) {
        let a = state[0] ^ state[5] ^ state[10] ^ state[15] ^ state[20]
        let b = state[1] ^ state[6] ^ state[11] ^ state[16] ^ state[21]
        let c = state[2] ^ state[7] ^ state[12] ^ state[17] ^ state[22]
        let d = state[3] ^ state[8] ^ state[13] ^ state[18] ^ state[23]
        let e = state[4] ^ state[9] ^ state[14] ^ state[19] ^ state[24]
        for row in stride(from: 0, to: lanes, by: 5) {
            state[row] ^= e ^ rotate(b, by: 1)
            state[row + 1] ^= a ^ rotate(c, by: 1)
            state[row + 2] ^= b ^ rotate(d, by: 1)
            state[row + 3] ^= c ^ rotate(e, by: 1)
            state[row + 4] ^= d ^ rotate(a, by: 1)
        }
    }

    private static func rotate(_ word: UInt64, by count: UInt64) -> UInt64 { word &<< count | word &>> (64 &- count) }

    /// Where the walk of rho and pi, begun at lane 1, puts down each lane (FIPS 202, 3.2.2 and 3.2.3).
    private static let destinations: [Int] = {
        var (x, y) = (1, 0)
        return (0..<24).map { _ in
            (x, y) = (y, (2 * x + 3 * y) % 5)
            return x + 5 * y
        }
    }()

    private static let rotations: [UInt64] = (1...24).map { UInt64($0 * ($0 + 1) / 2 % 64) }

    private static let roundConstants: [UInt64] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808A, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808B, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008A, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000A,
        0x0000_0000_8000_808B, 0x8000_0000_0000_008B, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800A, 0x8000_0000_8000_000A,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ]
}
