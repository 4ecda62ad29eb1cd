# pragma version 0.4.3
# pragma evm-version cancun
"""
@title  Test double for the CoFHE task manager of the later generations
@notice ACP.  The real one knows no verifyInput any more, so that PromptKeyStore
        stores nothing there; this one takes inputs without looking at their
        signature, which is one for a whole batch.
"""

import CoFHECore as core

initializes: core
exports: (
    core.initialize, core.allow, core.isAllowed, core.acl, core.decryptResultSigner, core.verifierSigner
)

interface Revoker:
    def disabled(issuer: address, id: uint256) -> bool: view

struct Permission:
    issuer: address
    expiration: uint64
    recipient: address
    revokerData: uint256
    revokerContract: address
    scope: uint8
    contracts: DynArray[address, 4]
    handles: DynArray[bytes32, 4]
    sealingKey: bytes32
    issuerSignature: Bytes[256]
    recipientSignature: Bytes[256]


@external
def verifyInput(item: core.EncryptedInput, sender: address) -> uint256:
    return core.accept(item, sender)


@external
@view
def isAllowedWithPermission(permission: Permission, handle: uint256) -> bool:
    # an encoded array is its place, its length and its elements
    contracts: Bytes[192] = abi_encode(permission.contracts)
    handles: Bytes[192] = abi_encode(permission.handles)
    data: bytes32 = keccak256(
        abi_encode(
            keccak256(
                "ACPIssuerSelf(address issuer,uint64 expiration,address recipient,uint256 revokerData,address revokerContract,uint8 scope,address[] contracts,bytes32[] handles,bytes32 sealingKey)"
            ),
            permission.issuer,
            permission.expiration,
            permission.recipient,
            permission.revokerData,
            permission.revokerContract,
            permission.scope,
            keccak256(slice(contracts, 64, 32 * len(permission.contracts))),
            keccak256(slice(handles, 64, 32 * len(permission.handles))),
            permission.sealingKey,
        )
    )
    digest: bytes32 = keccak256(concat(0x1901, core.separator("2"), data))
    core.check(permission.issuer, permission.expiration, digest, permission.issuerSignature)
    if permission.revokerContract != empty(address):
        if staticcall Revoker(permission.revokerContract).disabled(permission.issuer, permission.revokerData):
            raw_revert(method_id("PermissionInvalid_Disabled()"))
    if permission.scope == 2 and convert(handle, bytes32) not in permission.handles:
        return False
    return permission.scope in [0, 2] and core.isAllowed[handle][permission.issuer]
