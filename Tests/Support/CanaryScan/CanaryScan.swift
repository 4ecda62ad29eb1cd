internal import Foundation
internal import Inspection

/// Looks for canaries in the memory of other processes and in files: a `ScanOrder` comes in, a `ScanReport` goes out.
/// A process of its own, so that what it must know of the secrets lies in no process that is looked at.
@main
struct CanaryScan {
    static func main() throws {
        guard CommandLine.arguments.count == 1 else { exit(2) }
        let order = try JSONDecoder().decode(ScanOrder.self, from: FileHandle.standardInput.readToEnd() ?? Data())
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try FileHandle.standardOutput.write(contentsOf: encoder.encode(ScanReport(answering: order)))
    }
}
