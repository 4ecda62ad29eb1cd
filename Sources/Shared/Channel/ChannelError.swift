/// How the channel between supervisor and worker can break. Any of these ends the job.
package enum ChannelError: Error, Equatable, Sendable {
    case headerTooLarge, bodyTooLarge
    case malformedHeader, unknownKind
    /// The frame may not come now (see `JobMachine`).
    case outOfOrder(MessageKind)
    /// A descriptor came with a frame that carries none, or failed to come.
    case strayDescriptor, missingDescriptor
    case closed
    case timedOut
    case system(errno: Int32)
}
