internal import Shared

/// PromptKeyStore: handles of the halves of keys, by job (chain.md 3). Anybody may overwrite an entry, so a reader looks
/// at who wrote it.
package struct PromptKeyStoreContract: Sendable {
    /// A half of a key as the encryption service gives it to a contract (`InEuint128`).
    package struct Input: Sendable, Equatable {
        package let handle: Word
        package let signature: [UInt8]

        package init(handle: Word, signature: [UInt8]) {
            self.handle = handle
            self.signature = signature
        }

        /// Under which name the network will know the half: its last two bytes become the type and the security zone
        /// (cofhe.md 5).
        package var storedHandle: Word {
            Word(bytes: handle.bytes.prefix(30) + [UInt8(PromptKeyStoreContract.euint128), 0]) ?? handle
        }

        /// Security zone 0, the only one there is.
        fileprivate var value: ABIValue {
            .tuple([
                .uint(handle), .uint(Word(0)), .uint(Word(PromptKeyStoreContract.euint128)), .bytes(signature),
            ])
        }
    }

    private static let euint128: UInt64 = 6
    private static let input = "(uint256,uint8,uint8,bytes)"
    private static let storeKey = ContractFunction("storeKey(bytes32,\(input),\(input),address[])")
    private static let getEncryptedKey = ContractFunction("getEncryptedKey(bytes32)", answers: "uint256,uint256")
    private static let stored = ContractEvent("KeyStored(bytes32,address,uint256,uint256,address[])", indexed: 2)

    private let contract: Contract

    package init(_ contract: Contract) { self.contract = contract }

    package var address: Address { contract.address }

    /// Under which id the key of a job's answer stands: the job's id exactly as the coordinator writes it.
    package static func outputKeyID(job: String) -> [UInt8] { Keccak256.hash(Array((job + ":output-key").utf8)) }

    /// Stores both halves under `id`, for `readers` to decrypt.
    package func store(
        _ id: [UInt8], high: Input, low: Input, readers: [Address], from node: Address
    ) -> Intent {
        contract.intent(
            "store_key", PromptKeyStoreContract.storeKey, .bytes(id), high.value, low.value,
            .array(readers.map { .address($0) }), from: node, gasCeiling: 3_000_000,
            event: PromptKeyStoreContract.stored,
            indexed: .bytes(id), .address(node))
    }

    /// Whether the contract would store anything at all. Its library calls a function that newer generations of CoFHE do
    /// not have any more: there everything reverts without a word, whatever is to be stored (cofhe.md 5). Where the
    /// function is, inputs that nobody has signed are taken, or refused with a reason.
    package func takesKeys(from node: Address) async throws(ContractError) -> Bool {
        let nothing = Input(handle: Word(1), signature: [])
        let probe = store([UInt8](repeating: 0, count: 32), high: nothing, low: nothing, readers: [], from: node)
        guard try await hasCode() else { return false }
        do throws(RPCError) {
            _ = try await contract.rpc.call(probe.call)
            return true
        } catch {
            guard let revert = error.revert else { throw .rpc(error) }
            return revert != .silent
        }
    }

    private func hasCode() async throws(ContractError) -> Bool {
        do throws(RPCError) { return try await contract.rpc.hasCode(address) } catch { throw .rpc(error) }
    }

    /// The handles that stand under `id`; zeros where there are none.
    package func handles(_ id: [UInt8]) async throws(ContractError) -> (high: Word, low: Word) {
        let answer = try await contract.ask(PromptKeyStoreContract.getEncryptedKey, .bytes(id))
        guard answer.count == 2, case .uint(let high) = answer[0], case .uint(let low) = answer[1] else {
            throw .notThisContract(address)
        }
        return (high, low)
    }
}
