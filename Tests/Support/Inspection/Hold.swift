internal import Glibc

/// A function at whose beginning a process runs on the spot, made so from outside: all that it has in its memory then can
/// be looked at.
package struct Hold: Sendable {
    private let process: ProcessView
    private let address: UInt
    private let instructions: [UInt8]

    #if arch(x86_64)
        /// `jmp` to itself
        private static let onTheSpot: [UInt8] = [0xEB, 0xFE]
    #endif

    fileprivate init(_ process: ProcessView, at address: UInt) throws {
        (self.process, self.address) = (process, address)
        instructions = process.memory(address..<address + 2)
        #if arch(x86_64)
            try process.write(Hold.onTheSpot, at: address)
        #endif
    }

    /// Whether the process is there: whenever one looks, it waits for nothing, and between the looks it has computed for
    /// longer than it ever does on its way.
    package var isReached: Bool {
        let before = process.computed
        let isBusy = (0..<4).allSatisfy { _ in
            usleep(3000)
            return process.text("syscall").hasPrefix("running")
        }
        return isBusy && process.computed - before > 5_000_000
    }

    /// Lets the process go on.
    package func release() throws { try process.write(instructions, at: address) }

    /// What the held process does instead of going on.
    package func strike(_ fault: PlantedFault) throws { try process.plant(fault, at: address) }
}

extension ProcessView {
    /// Holds this process as soon as it calls a function of that name.
    package func hold(at symbol: String) throws -> Hold { try Hold(self, at: try address(of: symbol)) }
}
