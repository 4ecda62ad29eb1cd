internal import Foundation
internal import Synchronization

/// Where functions lie in the file of a position-independent program or library.
struct SymbolTable: Sendable {
    private let offsets: [String: UInt]

    /// Made once for each file: a table has tens of thousands of lines.
    private static let known = Mutex<[String: SymbolTable]>([:])

    static func of(_ file: String) throws -> SymbolTable {
        if let table = known.withLock({ $0[file] }) { return table }
        let table = try SymbolTable(file)
        known.withLock { $0[file] = table }
        return table
    }

    private init(_ file: String) throws {
        var offsets: [String: UInt] = [:]
        // Libraries have their own symbols in the second list alone, each with its version.
        for options in [["--defined-only"], ["--defined-only", "--dynamic"]] {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/nm")
            process.arguments = options + [file]
            let output = Pipe()
            (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
            try process.run()
            let text = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            for line in text.split(separator: UInt8(ascii: "\n")) {
                let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 2)
                guard words.count == 3, let offset = UInt(words[0], radix: 16) else { continue }
                offsets[String(words[2].prefix { $0 != "@" })] = offset
            }
        }
        self.offsets = offsets
    }

    /// - Parameter symbol: its name; or, with a star at the end, how the one name begins that is meant.
    func offset(of symbol: String) -> UInt? {
        guard symbol.hasSuffix("*") else { return offsets[symbol] }
        let matching = offsets.filter { $0.key.hasPrefix(symbol.dropLast()) }
        return matching.count == 1 ? matching.first?.value : nil
    }
}

extension ProcessView {
    /// Where a function of the program, or else of one of its libraries, lies in this process.
    func address(of symbol: String) throws -> UInt {
        let program = link("exe") ?? ""
        var bases: [String: UInt] = [:]
        for region in regions where region.name.hasPrefix("/") && bases[region.name] == nil {
            bases[region.name] = region.range.lowerBound
        }
        let libraries = bases.keys.filter { $0.contains(".so") }.sorted()
        for file in [program] + libraries {
            guard let base = bases[file], let offset = try SymbolTable.of(file).offset(of: symbol) else { continue }
            return base + offset
        }
        throw PlantedFault.Failure.unknownSymbol(symbol)
    }
}
