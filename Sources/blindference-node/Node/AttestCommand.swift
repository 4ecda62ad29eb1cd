internal import ArgumentParser
internal import Shared
internal import Supervisor

struct AttestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attest", abstract: "Attest this node to the coordinator and keep the certificate.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var password: PasswordOptions
    @OptionGroup var output: FormatOptions
    @Flag(name: .long, help: "Tier 0: a quote under the network's public mock key. The default.")
    var mock = false
    @Option(name: .long, help: "File with another mock key (else MOCK_ATTESTATION_KEY).")
    var teeKey: String?

    func run() async throws {
        let session = try Session(folder)
        let wallet = try session.wallet(password)
        let key = try teeKey.map { path throws(ConfigurationError) in try SecretFile.read(path, limit: 1024) }
        let certificate: Certificate
        do {
            certificate = try await Node.attestOnce(
                session.configuration, environment: session.environment, wallet: wallet,
                directory: session.loader.directory, workerPath: Session.workerPath, mockKey: key,
                log: session.log(for: wallet.address))
        } catch let error as any Refusal { throw error } catch { throw CommandRefusal.attestationFailed }
        Report.show(
            [
                .init("address", "Address", .string(wallet.address.checksummed)),
                .init("certificate", "Certificate", .string(certificate.hash)),
                .init("tier", "Tier", .integer(certificate.tier)),
                .init("expiry", "Expires (Unix time)", .integer(certificate.expiry)),
            ], as: output.format)
    }
}
