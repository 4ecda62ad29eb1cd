internal import ArgumentParser
internal import Ethereum
internal import Shared
internal import Supervisor

struct AttestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attest",
        abstract: "Attest this node to the coordinator, keep the certificate, and register the node on chain.",
        discussion: "Registration needs rpc_url, is made once in a node's life, and asks before it costs anything.")

    @OptionGroup var folder: FolderOptions
    @OptionGroup var password: PasswordOptions
    @OptionGroup var consent: ConsentOptions
    @OptionGroup var output: FormatOptions
    @Flag(name: .long, help: "Tier 0: a quote under the network's public mock key. The default.")
    var mock = false
    @Option(name: .long, help: "File with another mock key (else MOCK_ATTESTATION_KEY).")
    var teeKey: String?

    func run() async throws {
        let session = try Session(folder)
        try chooseAttestation()
        let wallet = try session.wallet(password)
        let certificate: Certificate
        if consent.dryRun {
            guard let stored = try await Certificate.load(from: Journal(path: session.journalPath)) else {
                Terminal.note(
                    "Would attest. What its registration on chain costs is known once the node has attested. Nothing was signed."
                )
                return Report.showUnsigned(as: output.format)
            }
            certificate = stored
        } else {
            certificate = try await attest(session, wallet)
        }
        var fields: [Report.Field] = [
            .init("address", "Address", .string(wallet.address.checksummed)),
            .init("certificate", "Certificate", .string(certificate.hash)),
            .init("tier", "Tier", .integer(certificate.tier)),
            .init("expiry", "Expires (Unix time)", .integer(certificate.expiry)),
        ]
        do { fields += try await register(certificate, wallet, session) } catch {
            // The attestation stands whatever becomes of the registration.
            Report.show(fields, as: output.format)
            throw error
        }
        Report.show(fields, as: output.format)
    }

    /// What is left of the published question: one kind of attestation is there. A key for it has answered as well.
    private func chooseAttestation() throws {
        guard consent.asks, !mock, teeKey == nil else { return }
        let question = "Attest with [1] mock (development) or [2] TEE or TPM (production)?"
        while true {
            let choice = Terminal.ask(question, fallback: "1")
            if choice == "1" { return }
            if choice == "2" { break }
        }
        let simulate = "This version attests no hardware. To go on, simulate it with a mock key?"
        guard Terminal.agrees(simulate, fallback: true) else { throw CommandRefusal.noHardwareAttestation }
    }

    private func attest(_ session: Session, _ wallet: PrivateKey) async throws -> Certificate {
        let key = try teeKey.map { path throws(ConfigurationError) in try SecretFile.read(path, limit: 1024) }
        do {
            return try await Node.attestOnce(
                session.configuration, environment: session.environment, wallet: wallet,
                directory: session.loader.directory, workerPath: Session.workerPath, mockKey: key,
                log: session.log(for: wallet.address))
        } catch let error as any Refusal { throw error } catch { throw CommandRefusal.attestationFailed }
    }

    private func register(
        _ certificate: Certificate, _ wallet: PrivateKey, _ session: Session
    ) async throws -> [Report.Field] {
        guard !session.configuration.rpcURLs.isEmpty else {
            Terminal.note("rpc_url is not set: whether this node is registered on chain was not looked at.")
            return []
        }
        let access = try ChainAccess(session.configuration)
        let registration = try Registration(access, wallet: wallet)
        let journal = try Journal(path: session.journalPath)
        let queue = access.queue(wallet, journal: journal, directory: session.loader.directory)
        // What an earlier command sent may be the registration.
        if !consent.dryRun { try await queue.settle(telling: ChainReport.tell) }
        let standing = try await registration.standing
        if standing.isRegistered { return AttestCommand.fields(standing) }
        guard consent.canAsk else {
            Terminal.note("This node is not registered on chain. Run: blindference-node attest --yes")
            return [.init("registered", "Registered", false)]
        }
        guard
            !consent.asks
                || Terminal.agrees("This node is not registered on chain. Register it (needs gas)?", fallback: true)
        else {
            Terminal.note("Nothing was signed for the chain. To register later, run: blindference-node attest")
            return [.init("registered", "Registered", false)]
        }
        let receipt = try await registration.register(
            certificate, over: queue,
            agree: { cost in
                let models = certificate.models.joined(separator: ", ")
                let stake = cost.stake == .zero ? "" : ", \(cost.stake.text) of it as stake"
                return try consent.agree(
                    to:
                        "register this node with tier \(certificate.tier) and \(models), for at most \(cost.most.text) ETH\(stake)"
                )
            }, telling: ChainReport.tell)
        return [.init("registered", "Registered", .bool(receipt != nil))] + (receipt.map(ChainReport.fields) ?? [])
    }

    private static func fields(_ standing: RegistryStanding) -> [Report.Field] {
        if standing.isActive == false {
            Terminal.note(
                """
                The registry counts this node as inactive. A heartbeat that is too old comes with the next: \
                blindference-node run. An attestation that is over there (see the date) only the coordinator renews.
                """)
        }
        return [
            .init("registered", "Registered", true),
            .init("active", "Active in the registry", standing.isActive.map { .bool($0) } ?? .null),
            .init(
                "registeredUntil", "Registered until (Unix time)",
                standing.attestationExpires.map { .integer($0) } ?? .null),
        ]
    }
}
