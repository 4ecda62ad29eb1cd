internal import Shared

// C libraries take typed pointers; these point into secret memory, so that nothing is copied out of it.
extension SecretBytes {
    borrowing func withPointer<R>(_ body: (UnsafePointer<UInt8>) -> R) -> R {
        // The arena never hands out a nil pointer, not even for an empty secret.
        withBytes { body($0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
    }

    mutating func withMutablePointer<R>(_ body: (UnsafeMutablePointer<UInt8>) -> R) -> R {
        // As above.
        withMutableBytes { body($0.baseAddress!.assumingMemoryBound(to: UInt8.self)) }
    }
}
