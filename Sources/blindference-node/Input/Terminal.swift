internal import Foundation
internal import Glibc
internal import Shared

/// Questions and notes to a person. Questions are asked on a terminal only.
enum Terminal {
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 }

    /// Asks without echo; the answer goes straight into secret memory.
    static func askSecret(_ question: String) throws -> SharedSecret {
        guard isInteractive else { throw CommandRefusal.passwordMissing }
        var before = termios()
        tcgetattr(STDIN_FILENO, &before)
        var quiet = before
        quiet.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            complain("")
        }
        write(question, to: STDERR_FILENO)
        var secret = try SecretBytes(capacity: 1024)
        while secret.count < 1024 {
            secret.extend(to: secret.count + 1)
            let last = secret.count - 1
            let count = secret.withMutableBytes { bytes in
                read(STDIN_FILENO, UnsafeMutableRawBufferPointer(rebasing: bytes[last...]).baseAddress, 1)
            }
            if count == 1, secret.withBytes({ $0[last] }) != 10 { continue }
            secret.truncate(to: last)
            break
        }
        return SharedSecret(secret)
    }

    /// Asks a question with a default answer.
    static func ask(_ question: String, fallback: String) -> String {
        write("\(question) [\(fallback)]: ", to: STDERR_FILENO)
        guard let line = readLine(), !line.isEmpty else { return fallback }
        return line
    }

    static func agrees(_ question: String, fallback: Bool) -> Bool {
        ask("\(question) (yes/no)", fallback: fallback ? "yes" : "no").lowercased().hasPrefix("y")
    }

    static func note(_ text: String) { write("Note: \(text)\n", to: STDERR_FILENO) }
    static func complain(_ text: String) { write("\(text)\n", to: STDERR_FILENO) }

    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in _ = Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
    }
}
