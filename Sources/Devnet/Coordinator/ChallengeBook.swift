internal import Shared

/// Challenges that were given out. Each serves once, for its address, for 300 s.
package struct ChallengeBook: Sendable {
    package struct Challenge: Sendable {
        package let id: String
        package let nonce: [UInt8]
        let address: String
        let expires: Double
        var used = false
    }

    static let lifetime = 300.0
    static let maximum = 1024
    private var challenges: [String: Challenge] = [:]
    private var order: [String] = []

    package init() {}

    package mutating func issue(to address: String, now: Double) -> Challenge {
        if order.count >= ChallengeBook.maximum { challenges[order.removeFirst()] = nil }
        var random = ToyCrypto.random(16)
        random[6] = random[6] & 0x0F | 0x40
        random[8] = random[8] & 0x3F | 0x80
        let id = [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { Hexadecimal.encode(random[$0]) }.joined(separator: "-")
        let challenge = Challenge(
            id: id, nonce: ToyCrypto.random(32), address: address, expires: now + ChallengeBook.lifetime)
        challenges[id] = challenge
        order.append(id)
        return challenge
    }

    /// Uses a challenge up and returns its nonce, even when the quote turns out to be wrong afterwards.
    mutating func redeem(_ id: String, by address: String, now: Double) throws -> [UInt8] {
        guard let challenge = challenges[id], challenge.address == address else {
            throw Refusal(400, "unknown challenge", .challengeUnknown)
        }
        guard !challenge.used else { throw Refusal(400, "challenge already used", .challengeReplayed) }
        guard now <= challenge.expires else { throw Refusal(400, "challenge expired", .challengeExpired) }
        challenges[id]?.used = true
        return challenge.nonce
    }
}
