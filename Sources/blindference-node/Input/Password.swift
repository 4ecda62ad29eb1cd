internal import Shared
internal import Supervisor

/// Where the keystore's password comes from: a file, `BLF_KEY_PASSWORD`, or a question on the terminal.
enum Password {
    private static let limit = 1024

    static func existing(_ options: PasswordOptions, environment: OperatorEnvironment) throws -> SharedSecret {
        if let given = try given(options, environment) { return given }
        return try Terminal.askSecret("Keystore password: ")
    }

    /// A password for a new keystore, asked twice on a terminal.
    static func new(_ options: PasswordOptions, environment: OperatorEnvironment) throws -> SharedSecret {
        if let given = try given(options, environment) { return given }
        let first = try Terminal.askSecret("New keystore password: ")
        guard try first.bytes.equals(Terminal.askSecret("Again: ").bytes) else { throw CommandRefusal.passwordsDiffer }
        guard !first.bytes.isEmpty else { throw CommandRefusal.passwordEmpty }
        return first
    }

    private static func given(_ options: PasswordOptions, _ environment: OperatorEnvironment) throws -> SharedSecret? {
        if let file = options.passwordFile { return try SecretFile.read(file, limit: limit) }
        return environment.secret(.password)
    }
}
