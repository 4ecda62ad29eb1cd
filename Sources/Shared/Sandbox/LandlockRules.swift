/// What a worker's Landlock ruleset denies: everything that the kernel's ABI knows, with no exception.
package struct LandlockRules: Sendable, Equatable {
    package let abi: Int
    package let files: UInt64
    package let network: UInt64
    package let scopes: UInt64

    /// By ABI: 13 file rights at 1, `refer` at 2, `truncate` at 3, TCP at 4, `ioctl` at 5, scopes at 6. Later ABIs have
    /// added no right that a process without descriptors of files could use.
    package init(abi: Int) {
        self.abi = max(0, abi)
        let fileRights = abi >= 5 ? 16 : abi >= 3 ? 15 : abi == 2 ? 14 : abi == 1 ? 13 : 0
        files = (1 << fileRights) - 1
        network = abi >= 4 ? 0b11 : 0
        scopes = abi >= 6 ? 0b11 : 0
    }

    package var digest: [UInt8] { SHA256.hash(Array("landlock \(abi) \(files) \(network) \(scopes)\n".utf8)) }
}
