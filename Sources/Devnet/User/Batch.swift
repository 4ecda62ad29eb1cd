internal import Shared

/// Many jobs at once. Everything slow happens before the first is queued.
package struct Batch {
    let jobs: Int
    let model: String
    let promptBytes: Int
    let node: String?
    /// nil: the node under test verifies what a scripted leader delivers.
    let verifiers: Int?
    let timeout: Int

    package init(jobs: Int, model: String, promptBytes: Int, node: String?, verifiers: Int?, timeout: Int) {
        self.jobs = jobs
        self.model = model
        self.promptBytes = promptBytes
        self.node = node
        self.verifiers = verifiers
        self.timeout = timeout
    }

    /// - Returns: the job ids.
    package func queue(url: String) throws -> [String] {
        let client = try LoopbackClient(url: url)
        let session = try UserSession(client: client)
        let deadline = DevClock.system() + Double(timeout)
        var quorum = UserSession.Quorum(verifiers: verifiers ?? 1, leader: node)
        var leader: ScriptedNode?
        if verifiers == nil, let node {
            let scripted = try ScriptedNode(client: client)
            try scripted.attest()
            quorum = .init(verifiers: 1, leader: scripted.address, verifierAddresses: [node])
            leader = scripted
        }
        let sealed = try (0..<jobs).map { _ in try session.seal(prompt()) }
        let queued = try sealed.map { sealed in
            try session.submit(sealed, model: model, quorum: quorum, deadline: deadline).jobID
        }
        if let leader { for assignment in try leader.assignments() { try leader.lead(assignment) } }
        return queued
    }

    /// Random digits, which are text and of which no two prompts are alike.
    private func prompt() -> [UInt8] {
        Array(Hexadecimal.encode(ToyCrypto.random(promptBytes / 2 + 1)).utf8.prefix(promptBytes))
    }
}
