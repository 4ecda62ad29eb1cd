internal import Shared

/// A transaction before it is signed. Every form names its chain: what is signed here is good nowhere else (EIP-155).
package struct Transaction: Equatable, Sendable {
    /// What is paid for one unit of gas, in wei, and with it the form of the transaction.
    package enum Fees: Equatable, Sendable {
        case legacy(price: Word)
        /// EIP-2930.
        case accessList(price: Word)
        /// EIP-1559.
        case dynamic(maximum: Word, tip: Word)
    }

    /// Storage that the call will touch (EIP-2930).
    package struct Access: Equatable, Sendable {
        package let address: Address
        package let storageKeys: [Word]

        package init(address: Address, storageKeys: [Word]) {
            self.address = address
            self.storageKeys = storageKeys
        }
    }

    package var chainID: UInt64
    package var nonce: UInt64
    package var fees: Fees
    package var gas: UInt64
    /// Nil creates a contract.
    package var to: Address?
    package var value: Word
    package var data: [UInt8]
    /// Empty in the legacy form, which has no place for it.
    package var accessList: [Access]

    package init(
        chainID: UInt64, nonce: UInt64, fees: Fees, gas: UInt64, to: Address?, value: Word = Word(0),
        data: [UInt8] = [], accessList: [Access] = []
    ) {
        self.chainID = chainID
        self.nonce = nonce
        self.fees = fees
        self.gas = gas
        self.to = to
        self.value = value
        self.data = data
        self.accessList = accessList
    }

    /// Whether it makes this call, whatever it pays for gas.
    func makes(_ call: ChainCall) -> Bool { to == call.to && value == call.value.word && data == call.data }

    /// What is signed.
    package var signingHash: [UInt8] {
        let (type, fields) = form
        // The legacy form repeats the chain where the signature will stand.
        let ending: [RLP] = type == nil ? [.integer(chainID), .bytes([]), .bytes([])] : []
        return Keccak256.hash(Transaction.text(type, fields + ending))
    }

    package func signed(by key: PrivateKey) -> SignedTransaction {
        let signature = key.sign(digest: signingHash)
        let (type, fields) = form
        let parity = UInt64(signature.yParity)
        // EIP-155; no chain id comes near the end of 64 bits.
        let v = type == nil ? Word(35 + parity).adding(doubleOf: chainID) : Word(parity)
        let numbers = [signature.r, signature.s].map { RLP.bytes(Array($0.drop { $0 == 0 })) }
        return SignedTransaction(raw: Transaction.text(type, fields + [.integer(v)] + numbers))
    }

    private static func text(_ type: UInt8?, _ fields: [RLP]) -> [UInt8] {
        (type.map { [$0] } ?? []) + RLP.list(fields).encoded()
    }

    /// The type byte, which the legacy form does not have, and the fields in their order.
    private var form: (type: UInt8?, fields: [RLP]) {
        let call: [RLP] = [.integer(gas), .bytes(to?.bytes ?? []), .integer(value), .bytes(data)]
        let access = RLP.list(
            accessList.map { entry in
                .list([.bytes(entry.address.bytes), .list(entry.storageKeys.map { .bytes($0.bytes) })])
            })
        let start: [RLP] = [.integer(chainID), .integer(nonce)]
        return switch fees {
        case .legacy(let price): (nil, [.integer(nonce), .integer(price)] + call)
        case .accessList(let price): (1, start + [.integer(price)] + call + [access])
        case .dynamic(let maximum, let tip): (2, start + [.integer(tip), .integer(maximum)] + call + [access])
        }
    }
}

extension Transaction {
    /// Wei for one unit of gas.
    var maximumFee: Amount {
        switch fees {
        case .legacy(let price), .accessList(let price): Amount(price) ?? .largest
        case .dynamic(let maximum, _): Amount(maximum) ?? .largest
        }
    }

    /// What the sender must have.
    var maximumCost: Amount { maximumFee * gas + (Amount(value) ?? .largest) }
}

/// The bytes that go to the chain, and the hash under which it will know them.
package struct SignedTransaction: Equatable, Sendable {
    package let raw: [UInt8]
    package var hash: [UInt8] { Keccak256.hash(raw) }

    package init(raw: [UInt8]) { self.raw = raw }

    package enum Failure: Error, Equatable { case notReadable }

    /// What was signed, read back from bytes of our own: an EIP-1559 transaction without an access list.
    func transaction() throws(Failure) -> Transaction {
        guard raw.first == 2, case .list(let fields)? = try? RLP(decoding: Array(raw.dropFirst())), fields.count == 12,
            let chainID = fields[0].number.flatMap({ UInt64($0) }),
            let nonce = fields[1].number.flatMap({ UInt64($0) }),
            let tip = fields[2].number, let maximum = fields[3].number,
            let gas = fields[4].number.flatMap({ UInt64($0) }), case .bytes(let to) = fields[5],
            let value = fields[6].number, case .bytes(let data) = fields[7], fields[8] == .list([])
        else { throw .notReadable }
        return Transaction(
            chainID: chainID, nonce: nonce, fees: .dynamic(maximum: maximum, tip: tip), gas: gas,
            to: Address(bytes: to), value: value, data: data)
    }
}
