# pragma version 0.4.3
# pragma evm-version cancun
"""
@title  Test double for the CoFHE task manager of the first generation
@notice Permits V2; each input is signed by the verifier for its sender.
"""

import CoFHECore as core

initializes: core
exports: (
    core.initialize, core.allow, core.isAllowed, core.acl, core.decryptResultSigner, core.verifierSigner
)

struct Permission:
    issuer: address
    expiration: uint64
    recipient: address
    validatorId: uint256
    validatorContract: address
    sealingKey: bytes32
    issuerSignature: Bytes[256]
    recipientSignature: Bytes[256]


@external
def verifyInput(item: core.EncryptedInput, sender: address) -> uint256:
    if core.verifierSigner != empty(address):
        digest: bytes32 = keccak256(
            concat(
                convert(item.ctHash, bytes32),
                convert(item.utype, bytes1),
                convert(item.securityZone, bytes1),
                convert(sender, bytes20),
                convert(chain.id, bytes32),
            )
        )
        found: address = core.signer(digest, item.signature)
        if found != core.verifierSigner:
            raw_revert(
                abi_encode(found, core.verifierSigner, method_id=method_id("InvalidSigner(address,address)"))
            )
    return core.accept(item, sender)


@external
@view
def isAllowedWithPermission(permission: Permission, handle: uint256) -> bool:
    data: bytes32 = keccak256(
        abi_encode(
            keccak256(
                "PermissionedV2IssuerSelf(address issuer,uint64 expiration,address recipient,uint256 validatorId,address validatorContract,bytes32 sealingKey)"
            ),
            permission.issuer,
            permission.expiration,
            permission.recipient,
            permission.validatorId,
            permission.validatorContract,
            permission.sealingKey,
        )
    )
    digest: bytes32 = keccak256(concat(0x1901, core.separator("1"), data))
    core.check(permission.issuer, permission.expiration, digest, permission.issuerSignature)
    return core.isAllowed[handle][permission.issuer]
