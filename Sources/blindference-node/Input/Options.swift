internal import ArgumentParser

struct FolderOptions: ParsableArguments {
    @Option(
        name: .long, help: "Folder of configuration, keystore and journal (default: BLF_CONFIG_DIR or ~/.blindference)."
    )
    var configDir: String?
}

struct PasswordOptions: ParsableArguments {
    @Option(name: .long, help: "File with the keystore's password (else BLF_KEY_PASSWORD, else a question).")
    var passwordFile: String?
}

struct FormatOptions: ParsableArguments {
    @Option(name: .long, help: "How to print: table or json.")
    var format = OutputFormat.table
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case table, json }
