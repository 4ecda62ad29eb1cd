internal import CSystem
internal import Glibc
internal import Synchronization

/// Why secret memory could not be had.
package enum SecretMemoryError: Error, Equatable {
    /// The kernel refused to map or to lock `bytes` bytes; `errno` says why. ENOMEM and EAGAIN mean RLIMIT_MEMLOCK.
    case notLockable(bytes: Int, errno: Int32)
    /// The arena of this process has no room for `bytes` more bytes.
    case exhausted(bytes: Int)
    /// More was appended than the capacity given when the secret was made.
    case overflow
}

/// The one region of a process in which secrets live: never paged out, never dumped, never inherited.
///
/// It is mapped once, because a sandboxed worker may not map anything later. Kind `secretMemory` (memfd_secret, Linux
/// 5.14) is also gone from the kernel's own map of memory; `locked` is mmap + mlock + MADV_DONTDUMP. Pageable memory is
/// never used. Guard pages stand on both sides.
package final class SecretArena: Sendable {
    package enum Kind: String, Sendable { case secretMemory = "memfd_secret", locked = "mlock" }

    package let kind: Kind
    package let capacity: Int
    private let base: UInt
    private let free: Mutex<[Range<Int>]>

    private static let current = Mutex<SecretArena?>(nil)
    private static let defaultCapacity = 1 << 20
    private static let granularity = 64

    /// Maps the arena of this process; a second call returns the first arena.
    @discardableResult
    package static func prepare(capacity: Int) throws(SecretMemoryError) -> SecretArena {
        let result: Result<SecretArena, SecretMemoryError> = current.withLock { arena in
            if let arena { return .success(arena) }
            do throws(SecretMemoryError) {
                let made = try SecretArena(capacity: capacity)
                arena = made
                return .success(made)
            } catch { return .failure(error) }
        }
        return try result.get()
    }

    static func shared() throws(SecretMemoryError) -> SecretArena { try prepare(capacity: defaultCapacity) }

    private init(capacity wanted: Int) throws(SecretMemoryError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let size = (max(wanted, page) + page - 1) / page * page
        guard let region = mmap(nil, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            region != MAP_FAILED
        else { throw .notLockable(bytes: size, errno: errno) }
        let inside = region + page
        let descriptor = csystem_memfd_secret()
        if descriptor >= 0 {
            defer { close(descriptor) }
            if ftruncate(descriptor, size) == 0,
                mmap(inside, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor, 0) != MAP_FAILED
            {
                kind = .secretMemory
                capacity = size
                base = UInt(bitPattern: inside)
                free = Mutex([0..<size])
                madvise(inside, size, Int32(MADV_DONTFORK))
                return
            }
        }
        let mapped = mmap(inside, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
        guard mapped != MAP_FAILED, mlock(inside, size) == 0, madvise(inside, size, Int32(MADV_DONTDUMP)) == 0 else {
            let cause = errno
            munmap(region, size + 2 * page)
            throw .notLockable(bytes: size, errno: cause)
        }
        madvise(inside, size, Int32(MADV_DONTFORK))
        kind = .locked
        capacity = size
        base = UInt(bitPattern: inside)
        free = Mutex([0..<size])
    }

    /// First fit. The memory is zero.
    func allocate(_ count: Int) throws(SecretMemoryError) -> UnsafeMutableRawPointer {
        let size = SecretArena.rounded(count)
        let start: Int? = free.withLock { ranges in
            guard let index = ranges.firstIndex(where: { $0.count >= size }) else { return nil }
            let range = ranges[index]
            if range.count == size {
                ranges.remove(at: index)
            } else {
                ranges[index] = range.lowerBound + size..<range.upperBound
            }
            return range.lowerBound
        }
        guard let start, let pointer = UnsafeMutableRawPointer(bitPattern: base + UInt(start)) else {
            throw .exhausted(bytes: count)
        }
        return pointer
    }

    /// Wipes the first `used` bytes (the rest was never written) and returns the memory to the arena.
    func release(_ pointer: UnsafeMutableRawPointer, capacity: Int, used: Int) {
        csystem_wipe(pointer, used)
        let start = Int(UInt(bitPattern: pointer) - base)
        free.withLock { ranges in
            var released = start..<start + SecretArena.rounded(capacity)
            var index = ranges.firstIndex { $0.lowerBound >= released.upperBound } ?? ranges.endIndex
            if index < ranges.endIndex, ranges[index].lowerBound == released.upperBound {
                released = released.lowerBound..<ranges[index].upperBound
                ranges.remove(at: index)
            }
            if index > 0, ranges[index - 1].upperBound == released.lowerBound {
                released = ranges[index - 1].lowerBound..<released.upperBound
                ranges.remove(at: index - 1)
                index -= 1
            }
            ranges.insert(released, at: index)
        }
    }

    /// Bytes not handed out, for tests that look for leaks.
    package var available: Int { free.withLock { $0.reduce(0) { $0 + $1.count } } }

    private static func rounded(_ count: Int) -> Int { (max(count, 1) + granularity - 1) / granularity * granularity }
}
