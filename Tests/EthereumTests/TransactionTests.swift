import Ethereum
import Shared
import Testing

@Suite("Transactions")
struct TransactionTests {
    private func transaction(_ fields: JSONValue) throws -> Transaction {
        func word(_ key: String) throws -> Word {
            let value = try fields.requireMember(key)
            guard case .number(let digits) = value else {
                return try #require(value.text.flatMap { Word(decimal: $0) })
            }
            return try #require(Word(decimal: digits))
        }
        func number(_ key: String) throws -> UInt64 {
            try word(key).bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
        let fees: Transaction.Fees =
            switch fields["type"]?.int {
            case 2: .dynamic(maximum: try word("maxFeePerGas"), tip: try word("maxPriorityFeePerGas"))
            case 1: .accessList(price: try word("gasPrice"))
            default: .legacy(price: try word("gasPrice"))
            }
        let to = try fields.requireText("to")
        let access = try (fields["accessList"]?.elements ?? []).map { entry in
            let keys = try #require(entry["storageKeys"]?.elements).map { key in
                try #require(key.text.flatMap { Hexadecimal.decode($0) }.flatMap { Word(bytes: $0) })
            }
            return Transaction.Access(address: try Address(try entry.requireText("address")), storageKeys: keys)
        }
        return Transaction(
            chainID: try number("chainId"), nonce: try number("nonce"), fees: fees, gas: try number("gas"),
            to: to.isEmpty ? nil : try Address(to), value: try word("value"), data: try fields.requireBytes("data"),
            accessList: access)
    }

    @Test("a transaction is hashed, signed and encoded as the vector says", arguments: Vectors.list("transactions"))
    func vectors(vector: JSONValue) throws {
        let transaction = try transaction(try vector.requireMember("fields"))
        #expect(transaction.signingHash == (try vector.requireBytes("signingHash")))
        let key = try Vectors.key(try vector.requireText("key"))
        let signed = transaction.signed(by: key)
        #expect(signed.raw == (try vector.requireBytes("raw")))
        #expect(signed.hash == (try vector.requireBytes("hash")))
        #expect(key.address.checksummed == (try vector.requireText("from")))
    }

    @Test("each field is under the signature")
    func fields() throws {
        let base = Transaction(
            chainID: 421_614, nonce: 1, fees: .dynamic(maximum: Word(9), tip: Word(1)), gas: 21_000, to: .zero)
        var changed = [Transaction](repeating: base, count: 9)
        changed[0].chainID = 1
        changed[1].nonce = 2
        changed[2].fees = .dynamic(maximum: Word(8), tip: Word(1))
        changed[3].fees = .dynamic(maximum: Word(9), tip: Word(2))
        changed[4].gas = 21_001
        changed[5].to = nil
        changed[6].value = Word(1)
        changed[7].data = [0]
        changed[8].accessList = [.init(address: .zero, storageKeys: [])]
        #expect(Set(([base] + changed).map(\.signingHash)).count == 10)
    }

    @Test("a created contract lands where the vector says", arguments: Vectors.list("createAddress"))
    func created(vector: JSONValue) throws {
        let sender = try Address(try vector.requireText("sender"))
        let nonce = try #require(try vector.requireMember("nonce").int)
        let address = Address(createdBy: sender, nonce: UInt64(nonce))
        #expect(address.checksummed == (try vector.requireText("address")))
    }
}
