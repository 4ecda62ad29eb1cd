package import Ethereum

/// Where the network's contracts are, and what may be paid. A registry at the zero address is none. The defaults are
/// those of Arbitrum Sepolia (chain.md 4).
package struct ChainSettings: Sendable {
    package let chainID: UInt64
    package let nodeRegistry: Address
    package let staking: Address
    /// The only token that the staking contract may take: BLIND, where that contract is the network's own; nil where the
    /// operator names another contract and no token.
    package let blindToken: Address?
    package let promptKeyStore: Address
    package let nodeOperatorRegistry: Address
    package let nodeAttestationRegistry: Address
    package let commitmentRegistry: Address
    package let fees: FeePolicy
    /// ETH that a registration may put at stake in the registry, at most.
    package let registryStake: Amount

    private static let networkStaking = "0x222Ac74201Ed58915e42Ee5be626d939fd234D0b"
    private static let blind = "0x232D5470DaaC7AD552a42d876aDEF1f778033cE0"

    init(_ read: SettingReader) throws(ConfigurationError) {
        _ = try read.oneOf(.network, ["arbitrum_sepolia"])
        chainID = UInt64(read.integer(.chainID) ?? 421_614)
        nodeRegistry = try read.address(
            .nodeRegistryAddress, default: "0x72C0Ead949Fd2C346598a30AF1A69c3c5Cb86082")
        staking = try read.address(.stakingAddress, default: ChainSettings.networkStaking)
        blindToken =
            staking.checksummed == ChainSettings.networkStaking
            ? try read.address(.blindTokenAddress, default: ChainSettings.blind)
            : try read.address(.blindTokenAddress)
        promptKeyStore = try read.address(
            .promptKeyStoreAddress, default: "0x1E22dD12f448B15f1Ca8560fB6B4463834FaAf73")
        nodeOperatorRegistry = try read.address(.nodeOperatorRegistryAddress) ?? .zero
        nodeAttestationRegistry = try read.address(
            .nodeAttestationRegistryAddress, default: "0xB54e019e9717a8Ed4746bA9d7F1A3F83cf0a35E0")
        commitmentRegistry = try read.address(
            .commitmentRegistryAddress, default: "0xcd45aefE9a16772528fa30B7d47958a95e83440C")
        registryStake = try read.units(.stakeAmountWei) ?? .zero
        // The network's base fee is about 0.1 gwei.
        fees = FeePolicy(ceiling: Amount(units: UInt128(read.integer(.maxFeePerGasWei) ?? 5_000_000_000)))
    }
}
