package import HTTPTransport

/// The services of CoFHE: the threshold network, the verifier of inputs, and the network's keys.
package struct CoFHEServices: Sendable, Equatable {
    package let network: ServiceURL
    package let verifier: ServiceURL
    package let keys: ServiceURL

    var all: [ServiceURL] { [network, verifier, keys] }

    private static let testnet = CoFHEServices(
        network: SettingReader.known("https://testnet-cofhe-tn.fhenix.zone"),
        verifier: SettingReader.known("https://testnet-cofhe-vrf.fhenix.zone"),
        keys: SettingReader.known("https://testnet-cofhe.fhenix.zone"))
    /// Fhenix's own stack on one machine.
    private static let local = CoFHEServices(
        network: SettingReader.known("http://127.0.0.1:3000"), verifier: SettingReader.known("http://127.0.0.1:3001"),
        keys: SettingReader.known("http://127.0.0.1:9448"))

    /// Those that are known to serve a chain (cofhe.md 0): Arbitrum Sepolia, Sepolia and Base Sepolia have the same.
    private static func serving(_ chainID: UInt64) -> CoFHEServices? {
        switch chainID {
        case 421_614, 11_155_111, 84_532: testnet
        case 420_105: local
        default: nil
        }
    }

    private init(network: ServiceURL, verifier: ServiceURL, keys: ServiceURL) {
        self.network = network
        self.verifier = verifier
        self.keys = keys
    }

    /// The operator's, else those of the chain: permits of one chain are of no use to the services of another.
    init(_ read: SettingReader, chainID: UInt64) throws(ConfigurationError) {
        let known = CoFHEServices.serving(chainID)
        func service(_ setting: Setting, _ known: ServiceURL?) throws(ConfigurationError) -> ServiceURL {
            guard let url = try read.service(setting) ?? known else { throw .missing(key: setting.rawValue) }
            return url
        }
        network = try service(.cofheTNURL, known?.network)
        verifier = try service(.cofheVerifierURL, known?.verifier)
        keys = try service(.cofheKeyURL, known?.keys)
    }
}
