/// One attack that the drill program makes from behind a worker's walls, or on a worker from outside.
package struct DrillAttack: Sendable, CustomStringConvertible {
    package let name: String
    /// What the program is told to do. `{folder}`, `{prey}` and the like stand for places of `DrillPlace`.
    package let script: String
    /// Who may stop it where the filter lets its calls through, in the order in which they stand. Empty where the filter
    /// alone stands in the way. For an attack whose calls a worker may make it is who stops it at once.
    package let behind: [DrillStop]
    /// Whether the worker's own filter ends it.
    package let isFiltered: Bool

    /// Whether it would go on for ever.
    package var isEndless: Bool { script.hasSuffix("spin") }

    /// Whether another process of the worker's user makes it, one without walls.
    package var isFromOutside: Bool { script.contains(DrillPlace.worker.placeholder) }

    package var description: String { name }

    package init(_ name: String, _ script: String, isFiltered: Bool = true, behind: [DrillStop] = []) {
        self.name = name
        self.script = script
        self.isFiltered = isFiltered
        self.behind = behind
    }

    /// Who may stop the attack, as it is or with the filter widened for it.
    package func stops(isWide: Bool) -> [DrillStop] { isFiltered && !isWide ? [.filter] : behind }
}

/// What an attack is aimed at. The places are made anew for each attack, and looked at afterwards.
package enum DrillPlace: String, Sendable, CaseIterable {
    /// A folder that everybody may write to, with a file `prize` that everybody may write to.
    case folder
    /// A process that is none of the worker's business.
    case prey
    /// A worker that holds a secret.
    case worker
    /// The address of a UDP socket on this machine's loopback, as bytes of `sockaddr_in`.
    case udp
    /// The address of a TCP socket that listens on this machine's loopback.
    case tcp
    /// The address of a listening socket with an abstract name, as bytes of `sockaddr_un`, and how many they are.
    case abstract, abstractLength
    /// The address of a socket file to be made in the folder, and how many bytes it has.
    case socketFile, socketFileLength
    /// The key of a System V segment that everybody may map.
    case segment

    package var placeholder: String { "{\(rawValue)}" }
}
