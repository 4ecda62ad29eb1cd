package import Shared

/// One question from the prompt to the read answer, and what is told about it.
package struct Question {
    let url: String
    let model: String
    let prompt: [UInt8]
    let verifiers: Int
    let leader: String?
    let timeout: Int

    package init(url: String, model: String, prompt: [UInt8], verifiers: Int, leader: String? = nil, timeout: Int) {
        self.url = url
        self.model = model
        self.prompt = prompt
        self.verifiers = verifiers
        self.leader = leader
        self.timeout = timeout
    }

    package struct Answered {
        package let request: UserSession.Request
        package let status: JSONValue
        package let details: JSONValue
        /// nil where nothing was accepted or the answer cannot be read.
        package let answer: [UInt8]?
        /// Whether the accepted commitment is the one of the answer that was read.
        package let commitmentMatches: Bool?
        let seconds: [(String, Double)]

        package var isAccepted: Bool { status["status"]?.text == "ACCEPTED" }
    }

    /// Throws `UserSession.Failure` where there was no quorum in time.
    package func ask() throws -> Answered {
        let start = DevClock.system()
        let deadline = start + Double(timeout)
        var seconds: [(String, Double)] = []
        func mark(_ name: String) { seconds.append((name, DevClock.system() - start)) }
        let session = try UserSession(client: LoopbackClient(url: url))
        let sealed = try session.seal(prompt)
        mark("sealed")
        let request = try session.submit(
            sealed, model: model, quorum: .init(verifiers: verifiers, leader: leader), deadline: deadline)
        mark("queued")
        let status = try session.awaitDecision(request, deadline: deadline)
        mark("decided")
        var answer: [UInt8]?
        if status["status"]?.text == "ACCEPTED" { answer = try? session.read(status) }
        mark("read")
        return Answered(
            request: request, status: status, details: try session.details(request), answer: answer,
            commitmentMatches: answer.flatMap { Question.matches($0, status) }, seconds: seconds)
    }

    /// nil where the locked memory for the normalisation is not to be had.
    private static func matches(_ answer: [UInt8], _ status: JSONValue) -> Bool? {
        guard let cid = status["output_cid"]?.text, var text = try? SecretBytes(capacity: answer.count + 1),
            (try? text.append(public: answer)) != nil
        else { return nil }
        NormalisedText.normalise(&text)
        let hash = Commitment.hash(cid: cid, innerHash: SHA256.hash(text))
        return Hexadecimal.encode(hash) == status["commitment_hash"]?.text
    }
}

extension Question.Answered {
    /// The stable schema of `submit --format json`.
    package var json: JSONValue {
        let members: [JSONValue.Member] = [
            .init("jobId", .string(request.jobID)), .init("requestId", .string(request.requestID)),
            .init("status", status["status"] ?? .null), .init("accepted", .bool(isAccepted)),
            .init("answer", .optional(answer.map { String(decoding: $0, as: UTF8.self) })),
            .init("commitment", status["commitment_hash"] ?? .null),
            .init("commitmentMatches", commitmentMatches.map { .bool($0) } ?? .null),
            .init("promptCid", .string(request.promptCID)), .init("outputCid", status["output_cid"] ?? .null),
            .init("rejectReason", status["reject_reason"] ?? .null), .init("quorum", status["quorum"] ?? .null),
            .init("leader", .string(request.leader)),
            .init("verifiers", .array(request.verifiers.map { .string($0) })),
            .init("nodes", details["nodes"] ?? []),
            .init("seconds", .object(seconds.map { .init($0.0, .seconds($0.1)) })),
        ]
        return .object(members)
    }

    /// The same for people.
    package var text: String {
        var lines = [
            "answer      " + (answer.map { String(decoding: $0, as: UTF8.self) } ?? "(cannot be read)"),
            "verdict     " + (status["status"]?.text ?? "?"),
            "job         " + request.jobID,
            "commitment  " + (status["commitment_hash"]?.text ?? "-")
                + (commitmentMatches.map { $0 ? "  (is the answer's)" : "  (IS NOT the answer's)" } ?? ""),
            "output      " + (status["output_cid"]?.text ?? "-"),
        ]
        if let reason = status["reject_reason"]?.text { lines.append("reason      " + reason) }
        for node in details["nodes"]?.elements ?? [] {
            let role = node["role"]?.text ?? "?"
            let word = node["verdict"]?.text ?? node["state"]?.text ?? "-"
            let hash = node["commitment"]?.text.map { String($0.prefix(12)) + "…" } ?? "-"
            let padding = String(repeating: " ", count: max(1, 12 - role.count))
            lines.append(role + padding + (node["address"]?.text ?? "?") + "  \(word)  \(hash)")
        }
        let times = seconds.map { name, value in
            guard case .number(let digits) = JSONValue.seconds(value) else { return name }
            return "\(name) \(digits) s"
        }
        lines.append("times       " + times.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }
}
