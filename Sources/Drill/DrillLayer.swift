/// What stands between a worker that has been taken over and the rest of the machine, from the outermost in; and, last,
/// between other processes and a worker.
package enum DrillLayer: String, Sendable, CaseIterable {
    /// The filter of system calls. It comes first: all others are behind it.
    case seccomp
    /// No right on any file, TCP port, foreign signal or abstract socket.
    case landlock
    /// Own processes, network, IPC, host name and mounts.
    case namespaces
    /// No file and no mount has a name.
    case emptyRoot
    /// No child, no file, few descriptors, bounded memory and processor time.
    case limits
    /// No capability, and an identity that has none to gain.
    case capabilities
    /// No memory that was writable becomes executable (MDWE, Linux 6.3).
    case executableMemory
    /// A program with more rights gives none of them.
    case noNewPrivileges
    /// Its memory and its descriptors are closed to other processes, those of its own user too. Yama, where it
    /// is on, refuses tracers the same.
    case notDumpable
}

/// One way in which a layer shows that it stopped an attack.
package struct DrillStop: Sendable, Equatable {
    package let layer: DrillLayer
    /// What the drill program ends with: the call's error number, or 128 + the signal that ended it.
    package let status: Int32

    package init(_ layer: DrillLayer, _ status: Int32) {
        self.layer = layer
        self.status = status
    }

    /// The filter ends a process with SIGSYS.
    package static let filter = DrillStop(.seccomp, 128 + 31)
}

/// What the drill program's exit status means, besides error numbers (1-119) and signals (above 128).
package enum DrillStatus {
    /// The attack got what it wanted.
    package static let survived: Int32 = 0
    /// The program could not read what it was told to do.
    package static let notUnderstood: Int32 = 124
    /// This architecture has no call of that name.
    package static let noSuchCall: Int32 = 125
    /// The channel broke before the attack.
    package static let noChannel: Int32 = 126
}
