internal import Glibc

/// A bounded wait between two polls of the toy's own client.
enum Pause {
    static func milliseconds(_ count: Int) { usleep(useconds_t(count * 1000)) }
}
