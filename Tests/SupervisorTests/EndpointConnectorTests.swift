import Glibc
import LoopbackServer
import Shared
import Testing

@testable import Supervisor

@Suite("Connections for workers")
struct EndpointConnectorTests {
    @Test("a connection that is not encrypted goes to this machine's loopback only, by whatever name")
    func plain() async throws {
        let server = try LoopbackServer { _ in .hang() }
        let port = try #require(Int(server.base.split(separator: ":").last ?? ""))
        func reaches(_ host: String, usesTLS: Bool) async -> Bool {
            let endpoint = Endpoint(name: .model, host: host, port: port, path: "/", usesTLS: usesTLS)
            guard let descriptor = await EndpointConnector().connect(to: endpoint) else { return false }
            close(descriptor)
            return true
        }
        #expect(await reaches("127.0.0.1", usesTLS: false))
        #expect(await reaches("localhost", usesTLS: false))
        // The kernel takes this for its own machine; a reader of the configuration may not.
        #expect(await reaches("0.0.0.0", usesTLS: true))
        #expect(await !reaches("0.0.0.0", usesTLS: false))
    }
}
