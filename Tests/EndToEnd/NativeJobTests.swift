import DevnetCore
import Ethereum
import Foundation
import Shared
import TestChain
import TestNetwork
import Testing

/// CoFHE as the network speaks it, with its contracts on a real EVM.
@Suite("Jobs over the native protocol", .crowd)
struct NativeJobTests {
    @Test(
        "three nodes agree in every generation, the leader stores its key on chain, and the user reads by it",
        arguments: ["a", "b", "c"])
    func generations(generation: String) async throws {
        let bench = try await NativeBench(generation)
        var nodes: [TestNode] = []
        for name in ["leader", "first", "second"] { nodes.append(try await bench.node(name)) }
        var running: [ChildProcess] = []
        for node in nodes { running.append(try await node.start(try bench.settings())) }
        _ = try await bench.network.activeNodes(3)
        for form in ["flat", "nested", "queued"] {
            try bench.script(["form": .string(form), "notReady": 1, "notFound": 1])
            let held = try await bench.network.holdLeader(nodes[0].address)
            let asked = try await bench.network.submit(
                model: "mock", prompt: "Why \(form)?", leader: nodes[0].address)
            try await held.value
            #expect(asked.status == 0, "\(form): \(asked.answer) \(running[0].text)")
            let delivered = try await bench.network.deliveries(of: try #require(asked.answer["jobId"] as? String))
            #expect(Set(delivered.compactMap { $0["commitment"] as? String }).count == 1)
        }
        #expect(running[0].count(of: "output_key_stored") == 3)
        for child in running { #expect(try await child.stop() == 0) }
        let violations = try await bench.network.violations()
        #expect(violations.count == 0, "\(violations.text)")
    }

    @Test("handles that an old coordinator names with the claim alone get their permit then, and no other")
    func handlesAtClaim() async throws {
        let bench = try await NativeBench("b", nodes: 1, options: ["--old-assignments-without-handles"])
        let node = try await bench.node("leader")
        let running = try await node.start(try bench.settings())
        #expect(try await bench.network.serves(node))
        // The chain has given this node no right to the next ones.
        try await bench.chain.fault(
            "eth_sendTransaction", ["result": .string("0x" + String(repeating: "0", count: 64))])
        let denied = try Ask(bench.network).submit(to: node)
        #expect(try await running.failure(of: denied) == "decrypt_denied")
        let missing = try Ask(bench.network, .handlesMissing).submit(to: node)
        #expect(try await running.failure(of: missing) == "handles_missing")
        let calls = try await bench.network.state()["calls"] as? [String: [String: Any]]
        #expect(calls?[node.address]?["sealoutput"] as? Int == 2, "both halves of the first job, and nothing else")
        #expect(try await bench.network.serves(node))
        #expect(try await running.stop() == 0)
        let violations = try await bench.network.violations()
        #expect(violations.count == 0, "\(violations.text)")
    }
}

/// What a network or a chain may do to a key on its way: the job is left unclaimed, with a code.
@Suite("Lies and refusals of the native network", .crowd)
struct NativeLieTests {
    private static let lies: [(script: JSONValue, code: String)] = [
        (["lie": "signature"], "sealed_value_forged"), (["lie": "swap"], "sealed_value_forged"),
        (["lie": "replay"], "sealed_value_forged"), (["lie": "truncated"], "decrypt_refused"),
        (["lie": "oversized"], "decrypt_refused"), (["lie": "octet"], "decrypt_refused"),
        // By that clock every permit has expired, the fresh one as well.
        (["ahead": 7200], "decrypt_refused"),
    ]

    @Test(
        "an answer that was not signed for its handle, is cut or too long, and an expired permit: unclaimed",
        arguments: ["a", "c"])
    func lies(generation: String) async throws {
        let bench = try await NativeBench(generation, nodes: 1)
        let (absent, node) = (try await bench.node("absent"), try await bench.node("verifier"))
        let running = try await node.start(try bench.settings())
        _ = try await bench.network.activeNodes(1)
        // A good job first: its answer is what is replayed.
        let good = try Ask(bench.network).submit(to: absent, verifiers: [node])
        try await running.event("job_claimed", job: good)
        for (script, code) in Self.lies {
            try bench.script(script)
            let job = try Ask(bench.network).submit(to: absent, verifiers: [node])
            #expect(try await running.failure(of: job) == code, "\(script)")
            try bench.expectsUnclaimed(job, by: node)
        }
        // A claimed job waits for its leader.
        try await running.crash()
        let violations = try await bench.network.violations()
        // The job stays in the list, and is tried again.
        let expired = violations.text.split(separator: "\n").filter { $0.contains("permit_expired") }.count
        #expect(expired > 0 && violations.count == expired, "\(violations.text)")
    }

    @Test(
        "a network that hangs up, stays silent or speaks no HTTP is asked again, or its job left; the log has no permit"
    )
    func stumbles() async throws {
        let bench = try await NativeBench(nodes: 1)
        let (absent, node) = (try await bench.node("absent"), try await bench.node("verifier"))
        let running = try await node.start(try bench.settings())
        _ = try await bench.network.activeNodes(1)
        for (action, milliseconds) in [("close", 0), ("hang", 800)] {
            try bench.network.fault("/v2/sealoutput", action, count: 2, milliseconds: milliseconds)
            let job = try Ask(bench.network).submit(to: absent, verifiers: [node])
            try await running.event("job_claimed", job: job)
        }
        for (action, code) in [("garbage", "decrypt_refused"), ("close", "decrypt_unreachable")] {
            try bench.network.fault("/v2/sealoutput", action, count: 0)
            let job = try Ask(bench.network).submit(to: absent, verifiers: [node])
            #expect(try await running.failure(of: job) == code, "\(action)")
            try bench.expectsUnclaimed(job, by: node)
            try bench.network.clearFaults()
        }
        let job = try Ask(bench.network).submit(to: absent, verifiers: [node])
        try await running.event("job_claimed", job: job)
        let permits = try bench.network.client.json("GET", "/dev/cofhe")["permits"]?.elements?.compactMap(\.text) ?? []
        #expect(!permits.isEmpty)
        for permit in permits { #expect(!running.text.lowercased().contains(permit.lowercased().trimmingPrefix("0x"))) }
        try await running.crash()
        #expect(try await bench.network.violations().count == 0)
    }

    private typealias Answer = (status: Int, code: String)

    /// Every code of the network (cofhe.md 1.4), statuses that are none of its, and a code of which nobody has heard.
    private static let answers: [String: [Answer]] = [
        "decrypt_refused": [
            (400, "bad_request"), (400, "unknown_chain"), (400, "permit_malformed"), (400, "acp_malformed"),
            (400, "permit_required"), (400, "acp_required"), (401, "permit_expired"), (401, "acp_expired"),
            (401, "permit_invalid"), (401, "acp_invalid"), (403, "not_publicly_allowed"), (404, "gone"),
            (502, "permit_verifier_error"), (502, "acp_verifier_error"), (401, "a_code_of_next_year"), (415, ""),
            (307, "elsewhere"),
        ],
        "decrypt_denied": [(401, "permit_denied"), (401, "acp_denied")],
        "handle_unsupported": [
            (422, "unsupported_security_zone"), (422, "unsupported_type"), (502, "ct_type_mismatch"),
            (502, "ct_zone_mismatch"),
        ],
        "decrypt_unreachable": [
            (500, "internal_error"), (500, "signing_failed"), (500, "seal_failed"), (502, "ct_source_error"),
            (502, "commitment_mismatch"), (502, "commitment_verifier_error"), (503, "busy"),
            (504, "ct_source_timeout"), (504, "permit_verifier_timeout"), (504, "acp_verifier_timeout"),
            (504, "commitment_verifier_timeout"),
        ],
        "decrypt_not_ready": [(404, "ct_not_found")],
    ]

    @Test("every code of the network leaves its job unclaimed, with a word for the operator", arguments: ["a", "c"])
    func codes(generation: String) async throws {
        let bench = try await NativeBench(generation, nodes: 1)
        let (absent, node) = (try await bench.node("absent"), try await bench.node("verifier"))
        let running = try await node.start(try bench.settings().merging(["BLF_MAX_CONCURRENT_JOBS": "16"]) { $1 })
        _ = try await bench.network.activeNodes(1)
        let cases = Self.answers.flatMap { failure, answers in answers.map { (failure: failure, answer: $0) } }
        let jobs = cases.indices.map { "0x" + Hexadecimal.encode(Word(UInt64($0 + 1)).bytes) }
        let refusals = zip(jobs, cases).map { job, one in
            JSONValue.Member(job, ["status": .integer(one.answer.status), "code": .string(one.answer.code)])
        }
        try bench.script(["refusals": .object(refusals)])
        for job in jobs { _ = try Ask(bench.network, job: job).submit(to: absent, verifiers: [node]) }
        for (job, one) in zip(jobs, cases) {
            #expect(try await running.failure(of: job, within: 90) == one.failure, "\(one.answer)")
            #expect(try await node.journalled(job)["code"] as? String == one.failure)
            try bench.expectsUnclaimed(job, by: node)
        }
        // Nothing of it stays with the node: the next job is served.
        let good = try Ask(bench.network).submit(to: absent, verifiers: [node])
        try await running.event("job_claimed", job: good)
        try await running.crash()
        let violations = try await bench.network.violations()
        #expect(violations.count == 0, "\(violations.text)")
    }

    /// What `eip712Domain()` may answer: fields, name, version, chain and contract.
    private static let domains: [(name: String, fields: UInt8, version: String, chain: UInt64, contract: UInt8?)] = [
        ("AGL", 0x0f, "1", 421_614, nil), ("ACL", 0x1f, "1", 421_614, nil), ("ACL", 0x0f, "3", 421_614, nil),
        ("ACL", 0x0f, "1", 42_161, nil), ("ACL", 0x0f, "1", 421_614, 0x66),
    ]

    @Test("a chain endpoint that lies about what permits are signed for gets none signed", arguments: domains.indices)
    func domain(index: Int) async throws {
        let bench = try await NativeBench(nodes: 1)
        let (absent, node) = (try await bench.node("absent"), try await bench.node("verifier"))
        let truth = try #require(try bench.network.client.json("GET", "/dev/cofhe")["accessControl"]?.text)
        let lie = Self.domains[index]
        let contract = try lie.contract.map { try #require(Address(bytes: [UInt8](repeating: $0, count: 20))) }
        let values: [ABIValue] = [
            .bytes([lie.fields]), .string(lie.name), .string(lie.version), .uint(Word(lie.chain)),
            .address(try contract ?? Address(truth)), .bytes([UInt8](repeating: 0, count: 32)), .array([]),
        ]
        // An answer is encoded as arguments are.
        let domain = ContractFunction("lie(bytes1,string,string,uint256,address,bytes32,uint256[])")
        let answer = "0x" + Hexadecimal.encode(try domain.call(values).dropFirst(4))
        // To the node, which says who asks; the devnet does not.
        try await bench.chain.fault(
            "eth_call", ["about": ["0x84b0196e", "from"], "result": .string(answer)], count: 1000)
        let running = try await node.start(try bench.settings())
        let job = try Ask(bench.network).submit(to: absent, verifiers: [node])
        #expect(try await running.failure(of: job) == "cofhe_unknown")
        try bench.expectsUnclaimed(job, by: node)
        let calls = try await bench.network.state()["calls"] as? [String: [String: Any]]
        #expect(calls?[node.address]?["sealoutput"] == nil, "never asked")
        #expect(try await running.stop() == 0)
    }

    @Test("with other keys than the pinned ones a node leads no job, and leads again when its operator accepts them")
    func otherKeys() async throws {
        let bench = try await NativeBench(nodes: 1)
        // A network with keys of its own.
        let other = try await TestNetwork(
            "--rpc", bench.chain.url, "--key-store", try #require(bench.chain.contracts["PromptKeyStore"]))
        let node = try await bench.node("leader")
        let first = try await node.start(try bench.settings())
        #expect(try await bench.network.serves(node))
        #expect(try await first.stop() == 0)

        let settings = try bench.settings().merging(["BLF_COFHE_KEY_URL": other.url]) { $1 }
        let refusing = try await node.start(settings, log: "refusing.log")
        let missing = try await refusing.event("encryption_not_ready")
        #expect(missing["reason"] == "network_keys_changed")
        let job = try Ask(bench.network).submit(to: node)
        let skipped = try await refusing.event("job_skipped", job: job)
        #expect(skipped["reason"] == "encryption_unavailable")
        #expect(try bench.network.progress(of: node, in: job)["claims"] == 0)
        #expect(try await refusing.stop() == 0)

        let unasked = try await bench.network.run(
            "blindference-node", ["cofhe", "accept-keys"], environment: node.environment(settings))
        #expect(unasked.status == 1 && unasked.output.contains("--yes"), "\(unasked.output)")
        let accepted = try await bench.network.run(
            "blindference-node", ["cofhe", "accept-keys", "--yes"], environment: node.environment(settings))
        #expect(accepted.status == 0 && accepted.output.contains(missing["found"]?.text ?? "?"), "\(accepted.output)")
        let again = try await node.start(settings, log: "again.log")
        // Sealed to the other network, so that this one's verifier cannot open it: the new keys were used, and that they
        // do not do was found out before a job was claimed.
        #expect(try await again.event("encryption_not_ready")["reason"] == "refused")
        #expect(try bench.network.progress(of: node, in: job)["claims"] == 0)
        #expect(try await again.stop() == 0)
    }

    @Test("what the chain does not allow is not asked of the network, and another key on chain is found out")
    func chain() async throws {
        // In the first generation the contract looks at the inputs of strangers as well.
        let bench = try await NativeBench("b", nodes: 1)
        let (absent, node) = (try await bench.node("absent"), try await bench.node("verifier"))
        let running = try await node.start(try bench.settings())
        _ = try await bench.network.activeNodes(1)
        // Handles that stand in the coordinator's book alone: the chain has given this node no right to them.
        let zero: JSONValue = ["result": .string("0x" + String(repeating: "0", count: 64))]
        try await bench.chain.fault("eth_sendTransaction", zero)
        let denied = try Ask(bench.network).submit(to: absent, verifiers: [node])
        #expect(try await running.failure(of: denied) == "decrypt_denied")
        // A stranger writes another key under the same id.
        let job = "0x" + String(repeating: "5e", count: 32)
        try await bench.overwrite(job)
        try await bench.chain.fault("eth_sendTransaction", zero)
        let mismatched = try Ask(bench.network, job: job).submit(to: absent, verifiers: [node])
        #expect(try await running.failure(of: mismatched) == "handle_mismatch")
        for job in [denied, mismatched] {
            #expect(try bench.network.progress(of: node, in: job)["claims"] == 0)
        }
        let sealed = try await bench.network.state()["calls"] as? [String: [String: Any]]
        #expect(sealed?[node.address]?["sealoutput"] == nil, "never asked")
        #expect(try await running.stop() == 0)
    }
}

/// A chain with CoFHE's contracts, and a network that reads it.
struct NativeBench {
    let chain: TestChain
    let network: TestNetwork

    init(_ generation: String = "a", nodes: Int = 3, options: [String] = []) async throws {
        chain = try await TestChain(cofhe: generation)
        network = try await TestNetwork(
            options: options + [
                "--nodes", String(nodes), "--rpc", chain.url, "--key-store",
                try #require(chain.contracts["PromptKeyStore"]),
            ])
    }

    /// What anybody can do: store other handles under a job's id.
    func overwrite(_ job: String) async throws {
        let store = ContractFunction(
            "storeKey(bytes32,(uint256,uint8,uint8,bytes),(uint256,uint8,uint8,bytes),address[])")
        func input(_ byte: UInt8) -> ABIValue {
            .tuple([
                .uint(Word(bytes: [UInt8](repeating: byte, count: 32))!), .uint(Word(0)), .uint(Word(6)), .bytes([]),
            ])
        }
        let data = try store.call([
            .bytes(try #require(Hexadecimal.decode(job))), input(1), input(2), .array([]),
        ])
        try await chain.ask(
            "eth_sendTransaction",
            [
                "from": .string(chain.icl), "to": .string(try #require(chain.contracts["PromptKeyStore"])),
                "data": .string("0x" + Hexadecimal.encode(data)),
            ])
    }

    func expectsUnclaimed(
        _ job: String, by node: TestNode, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let progress = try network.progress(of: node, in: job)
        #expect(
            progress["claims"] == 0 && progress["state"] == "pending", "\(progress)", sourceLocation: sourceLocation)
    }

    func script(_ body: JSONValue) throws { _ = try network.client.json("POST", "/dev/cofhe", body) }

    func node(_ name: String) async throws -> TestNode {
        let node = try await network.makeNode(name)
        try await chain.fund(node.address)
        return node
    }

    /// Settings of a node that speaks the native protocol.
    func settings() throws -> [String: String] {
        try chain.settings().merging([
            "BLF_COFHE_MODE": "native", "BLF_COFHE_TN_URL": network.url, "BLF_COFHE_VERIFIER_URL": network.url,
            "BLF_COFHE_KEY_URL": network.url,
            "BLF_COFHE_HELPER": TestNetwork.binaries.appending(path: "blindference-devnet-helper").path,
        ]) { $1 }
    }
}
