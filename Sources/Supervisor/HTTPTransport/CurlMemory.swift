internal import CCurl
internal import CSystem
internal import Glibc

/// The heap libcurl works with: everything is wiped when it is freed.
///
/// libcurl copies credentials into buffers of its own (the request head, the URL of an RPC provider with its key) and
/// frees them as they are. Each block carries its size in front, because free() is not told it.
enum CurlMemory {
    /// Keeps the alignment that malloc promises.
    private static let prefix = 16

    /// Starts libcurl for this process; only the first call does anything.
    static let state: CURLcode = curl_global_init_mem(
        Int(CURL_GLOBAL_ALL),
        { CurlMemory.allocate($0) },
        { CurlMemory.release($0) },
        { old, size in
            guard let old else { return CurlMemory.allocate(size) }
            guard let new = CurlMemory.allocate(size) else { return nil }
            memcpy(new, old, min(size, CurlMemory.size(of: old)))
            CurlMemory.release(old)
            return new
        },
        { text in
            guard let text else { return nil }
            let size = strlen(text) + 1
            guard let copy = CurlMemory.allocate(size) else { return nil }
            memcpy(copy, text, size)
            return copy.assumingMemoryBound(to: CChar.self)
        },
        { count, size in
            let (total, overflow) = count.multipliedReportingOverflow(by: size)
            guard !overflow, let zeroed = CurlMemory.allocate(total) else { return nil }
            memset(zeroed, 0, total)
            return zeroed
        })

    private static func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        guard size >= 0, size < .max - prefix, let block = malloc(size + prefix) else { return nil }
        block.storeBytes(of: size, as: Int.self)
        return block + prefix
    }

    private static func size(of memory: UnsafeMutableRawPointer) -> Int { (memory - prefix).load(as: Int.self) }

    private static func release(_ memory: UnsafeMutableRawPointer?) {
        guard let memory else { return }
        csystem_wipe(memory, size(of: memory))
        free(memory - prefix)
    }
}
