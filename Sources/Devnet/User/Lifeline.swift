internal import Glibc

/// Ends this process when standard input ends, as it does when whoever started it dies.
package enum Lifeline {
    package static func watch() {
        Thread.detach {
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count > 0 || (count < 0 && errno == EINTR) { continue }
                break
            }
            kill(getpid(), SIGTERM)
        }
    }
}
