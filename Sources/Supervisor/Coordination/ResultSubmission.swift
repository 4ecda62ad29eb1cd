package import Shared

/// A leader's result (icl.md 1.6).
///
/// It has no place for plaintext (`summary` is never sent), and none without a key: a result whose output key is
/// missing is accepted, paid, and unreadable for ever (reference.md 1).
package struct ResultSubmission: Sendable, Equatable {
    /// One half of the output key as an encrypted input of the CoFHE contracts.
    package struct KeyInput: Sendable, Equatable {
        package let handle: CiphertextHandle
        package let securityZone: Int
        /// 6 is uint128.
        package let type: Int
        package let signature: [UInt8]

        package init(handle: CiphertextHandle, securityZone: Int = 0, type: Int = 6, signature: [UInt8]) {
            self.handle = handle
            self.securityZone = securityZone
            self.type = type
            self.signature = signature
        }

        var value: JSONValue {
            [
                "ctHash": .string(handle.decimal), "securityZone": .integer(securityZone), "utype": .integer(type),
                "signature": .string("0x" + Hexadecimal.encode(signature)),
            ]
        }
    }

    package let job: JobID
    /// The exact bytes to journal and to send, now and on every repeat.
    package let body: [UInt8]

    /// Nil for a zero handle, a commitment that is not 32 bytes, or a CID that is no plain text.
    ///
    /// - Parameters:
    ///   - commitment: SHA-256(SHA-256(cid) ‖ inner hash), sent as 64 lower-case digits: servers compare text.
    ///   - storeTransaction: the mined transaction that stored the key; the server replaces the handles by what it then
    ///     reads on chain, also by zeros.
    package init?(
        job: JobID, outputCID: String, commitment: [UInt8], keyHigh: CiphertextHandle, keyLow: CiphertextHandle,
        inputs: (high: KeyInput, low: KeyInput)?, storeTransaction: [UInt8]? = nil
    ) {
        guard commitment.count == 32, !keyHigh.isZero, !keyLow.isZero, PlainText.isPlain(outputCID, upTo: 256),
            outputCID != "None", storeTransaction.map({ $0.count == 32 }) ?? true
        else { return nil }
        var members: [JSONValue.Member] = [
            .init("jobId", .string(job.text)), .init("output_cid", .string(outputCID)),
            .init("commitment_hash", .string(Hexadecimal.encode(commitment))),
            // Strings: a number is refused with 400.
            .init("encrypted_output_key_high", .string(keyHigh.decimal)),
            .init("encrypted_output_key_low", .string(keyLow.decimal)),
        ]
        if let inputs {
            members.append(
                .init("encrypted_output_key_inputs", ["high": inputs.high.value, "low": inputs.low.value]))
        }
        if let storeTransaction {
            members.append(.init("output_key_store_tx", .string("0x" + Hexadecimal.encode(storeTransaction))))
        }
        self.job = job
        body = JSONValue.object(members).encoded()
    }
}
