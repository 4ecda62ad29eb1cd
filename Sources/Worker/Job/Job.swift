internal import Shared

/// One job, from the order to the last frame. Everything secret it touches lives in `SecretBytes` of this function's
/// scope and is wiped when the scope ends.
struct Job: ~Copyable {
    private var channel: SupervisorChannel
    private let trust: TrustStore?

    init(channel: consuming SupervisorChannel, trust: TrustStore?) {
        self.channel = channel
        self.trust = trust
    }

    /// Runs the job. A failure of the job is reported; a broken channel is thrown, and nobody is there to be told.
    mutating func run() throws(ChannelError) {
        let start = try channel.receive(.start)
        do {
            let credential = try channel.readBody(start.bodyLength)
            let order = try JobOrder(start.fields)
            try serve(order, credential: credential)
        } catch let error as ChannelError { throw error } catch {
            try channel.send(.failed, fields: [.init("code", .string(Job.code(of: error).rawValue))])
        }
    }

    private mutating func serve(_ order: JobOrder, credential: consuming SecretBytes) throws {
        let pair = try SealingKeyPair()
        try channel.send(.sealingKey, fields: [.init("public", .string(Hexadecimal.encode(pair.publicKey)))])
        let material = try channel.receive(.material)
        let opened = MonotonicTime.now
        let prompt = try receivePrompt(material, pair, order.seal)
        let answer = try infer(order, prompt, credential: credential)
        let innerHash = try Job.innerHash(answer)
        switch order.encryption {
        case .none:
            _ = consume answer
            try channel.send(.output, fields: Job.outputFields(innerHash, opened))
        case .some(let encryption):
            let key = try SecretBytes.random(count: AES256GCM.keyBytes)
            let sealed = try Cryptography.seal(answer, key: key)
            // The next steps wait for others: upload, encryption service. Nothing plain waits with them.
            _ = consume answer
            try channel.send(.output, fields: Job.outputFields(innerHash, opened), body: sealed)
            try storeOutputKey(consume key, encryption)
        }
        _ = try channel.receive(.done)
    }

    /// Unseals the key halves and decrypts the prompt; pair, key and halves are gone afterwards.
    private mutating func receivePrompt(
        _ material: SupervisorChannel.Received, _ pair: consuming SealingKeyPair, _ seal: JobOrder.Seal
    ) throws -> SecretBytes {
        let sizes = ["high", "low", "blob"].map { material.fields[$0]?.int ?? -1 }
        guard sizes.allSatisfy({ $0 >= 0 && $0 <= material.bodyLength }), sizes.reduce(0, +) == material.bodyLength
        else {
            throw ChannelError.malformedHeader
        }
        var high = try channel.readBody(sizes[0])
        var low = try channel.readBody(sizes[1])
        var blob = try channel.readBody(sizes[2])
        var key = try pair.open(&high, seal, handle: material.fields["highHandle"])
        let lowHalf = try pair.open(&low, seal, handle: material.fields["lowHandle"])
        var whole = try SecretBytes(capacity: AES256GCM.keyBytes)
        try whole.append(key)
        try whole.append(lowHalf)
        key.wipe()
        try Cryptography.open(&blob, key: whole)
        guard blob.count <= channel.limits.prompt else { throw JobFailure.promptTooLarge }
        guard blob.isUTF8 else { throw JobFailure.promptNotText }
        return blob
    }

    /// Takes prompt and credential: both are wiped before the answer goes anywhere.
    private mutating func infer(
        _ order: JobOrder, _ prompt: consuming SecretBytes, credential: consuming SecretBytes
    ) throws -> SecretBytes {
        switch order.backend {
        case .mock: return try MockBackend.answer(modelID: order.modelID, prompt: prompt)
        case .chat(let chat):
            let connection: Connection
            do {
                connection = try connect(to: chat.endpoint, timeout: chat.timeout)
            } catch let error as ExchangeError { throw JobFailure(model: error) }
            return try ChatBackend(order: chat, modelID: order.modelID)
                .answer(to: prompt, over: connection, credential: credential)
        }
    }

    /// Takes the key: it is wiped before anybody hears that it is encrypted.
    private mutating func storeOutputKey(_ key: consuming SecretBytes, _ order: EncryptionOrder) throws {
        switch order {
        case .service(let service): try storeOutputKey(consume key, by: service)
        case .helper(let timeout):
            let packed = try HelperExchange.pack(
                key, over: Connection(plain: try connect(.encryption), deadline: Deadline(milliseconds: timeout)))
            _ = consume key
            try channel.send(.outputKey, fields: [], body: packed)
        }
    }

    private mutating func storeOutputKey(_ key: consuming SecretBytes, by service: EncryptionService) throws {
        let encryption = OutputKeyEncryption(order: service)
        let half = AES256GCM.keyBytes / 2
        var handles: [String] = []
        // One more than needed: by now the answer is made, and a service that stumbles once must not cost it.
        var mayRetry = true
        for range in [0..<half, half..<2 * half] {
            while true {
                do {
                    let connection = try connect(to: service.endpoint, timeout: service.timeout)
                    handles.append(try encryption.encrypt(half: try key.copy(range), over: connection))
                    break
                } catch JobFailure.encryptionUnreachable where mayRetry { mayRetry = false } catch is ExchangeError {
                    guard mayRetry else { throw JobFailure.encryptionUnreachable }
                    mayRetry = false
                }
                Deadline.pause(milliseconds: 500)
            }
        }
        _ = consume key
        try channel.send(.outputKey, fields: [.init("high", .string(handles[0])), .init("low", .string(handles[1]))])
    }

    private mutating func connect(to endpoint: Endpoint, timeout: Int) throws -> Connection {
        try Connection(
            descriptor: try connect(endpoint.name), endpoint: endpoint, trust: trust,
            deadline: Deadline(milliseconds: timeout))
    }

    /// Asks for a connection; its descriptor.
    private mutating func connect(_ name: Endpoint.Name) throws(ChannelError) -> Int32 {
        try channel.send(.connect, fields: [.init("endpoint", .string(name.rawValue))])
        return try channel.receive(.endpoint).descriptor
    }

    /// Called when everything plain has been wiped.
    private static func outputFields(_ innerHash: [UInt8], _ opened: MonotonicTime) -> [JSONValue.Member] {
        [
            .init("innerHash", .string(Hexadecimal.encode(innerHash))),
            .init("exposureMicroseconds", .integer(opened.microsecondsAgo)),
        ]
    }

    private static func innerHash(_ answer: borrowing SecretBytes) throws -> [UInt8] {
        var normalised = try answer.copy(0..<answer.count)
        NormalisedText.normalise(&normalised)
        return SHA256.hash(normalised)
    }

    private static func code(of error: any Error) -> JobFailure {
        switch error {
        case let failure as JobFailure: failure
        case is SecretMemoryError: .secretMemoryExhausted
        default: .workerMisbehaved
        }
    }
}
