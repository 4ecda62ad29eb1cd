import Foundation

/// The other implementation of content identifiers, which `Tests/Support/ipfs-cid/setup.sh` installs.
enum Peer {
    static let vectorFile = here + "/Vectors/ipfs-cid.json"

    static func read(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }

    /// What `cid.py` prints for files of these sizes.
    static func run(_ sizes: [Int]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = [here + "/../Support/ipfs-cid/cid.py"] + sizes.map { String($0) }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return [UInt8](bytes)
    }

    private static let here = String(#filePath.dropLast("/Peer.swift".count))

    private static let python: String = {
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["BLF_PEER_CACHE"]
            ?? (environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "") + "/.cache") + "/blindference"
        return cache + "/ipfs-cid/bin/python"
    }()
}
