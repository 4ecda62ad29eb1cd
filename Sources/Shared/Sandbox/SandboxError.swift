/// Which wall a worker could not build: its exit status, so that the supervisor can name it.
package enum SandboxError: Int32, Error {
    case arguments = 70
    case dumpable, arena, identity, trustStore, cryptography, privileges, filter
}
