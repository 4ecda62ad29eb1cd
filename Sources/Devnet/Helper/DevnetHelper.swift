internal import CSodium
internal import Glibc
internal import Shared

/// The toy network's encryption helper: a sealed box to the toy's verifier stands in for ciphertext and proof. It speaks
/// version 1 of the helper's protocol (EncryptionHelpers), so that everything around a real one is the same.
@main
struct DevnetHelper {
    private static let (worker, publicKeyFile, parametersFile) = (Int32(3), Int32(4), Int32(5))
    private static let metadataBytes = 53
    private static let keyBytes = 32

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, arguments[1] == "1", let metadata = Hexadecimal.decode(arguments[2]),
            metadata.count == metadataBytes
        else { _exit(2) }
        guard let publicKey = read(keyBytes, from: publicKeyFile), read(1, from: parametersFile) != nil,
            let halves = read(keyBytes, from: worker)
        else { _exit(3) }
        let text = metadata + halves
        var packed = [UInt8](repeating: 0, count: text.count + 48)
        guard sodium_init() >= 0, crypto_box_seal(&packed, text, UInt64(text.count), publicKey) == 0 else { _exit(4) }
        let length = UInt32(packed.count)
        let head = (0..<4).map { UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * $0)) }
        _exit(write(head + packed) ? 0 : 5)
    }

    private static func read(_ count: Int, from descriptor: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let offset = filled
            let some = bytes.withUnsafeMutableBytes { bytes in
                Glibc.read(descriptor, bytes.baseAddress?.advanced(by: offset), count - offset)
            }
            guard some > 0 else { return nil }
            filled += some
        }
        return bytes
    }

    private static func write(_ bytes: [UInt8]) -> Bool {
        var written = 0
        while written < bytes.count {
            let some = bytes[written...].withUnsafeBytes { Glibc.write(worker, $0.baseAddress, $0.count) }
            guard some > 0 else { return false }
            written += some
        }
        return true
    }
}
