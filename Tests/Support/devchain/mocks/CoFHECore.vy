# pragma version 0.4.3
# pragma evm-version cancun
"""
@title  What both generations of the test double have in common
@notice Stands at the fixed address the FHE library calls, so PromptKeyStore
        runs unmodified on a local chain.  It does no encryption: it derives
        the handle of an input as the network does and keeps the access list.
"""

struct EncryptedInput:
    ctHash: uint256
    securityZone: uint8
    utype: uint8
    signature: Bytes[256]

event InputAccepted:
    handle: indexed(uint256)
    submitter: indexed(address)

event Allowed:
    handle: indexed(uint256)
    account: indexed(address)

# handle -> account -> may use and decrypt it
isAllowed: public(HashMap[uint256, HashMap[address, bool]])
acl: public(address)
# nobody: that check is off
decryptResultSigner: public(address)
verifierSigner: public(address)


@external
def initialize(acl: address, resultSigner: address, inputSigner: address):
    assert self.acl == empty(address)
    self.acl = acl
    self.decryptResultSigner = resultSigner
    self.verifierSigner = inputSigner


@internal
def accept(item: EncryptedInput, submitter: address) -> uint256:
    # handle = hash with its last two bytes replaced by the type and the zone
    meta: uint256 = convert(item.utype, uint256) << 8 | convert(item.securityZone, uint256)
    handle: uint256 = (item.ctHash >> 16 << 16) | meta
    self.isAllowed[handle][msg.sender] = True
    log InputAccepted(handle=handle, submitter=submitter)
    return handle


@external
def allow(handle: uint256, account: address):
    # only an account that may use a handle can pass the right on
    if not self.isAllowed[handle][msg.sender]:
        raw_revert(abi_encode(msg.sender, method_id=method_id("SenderNotAllowed(address)")))
    self.isAllowed[handle][account] = True
    log Allowed(handle=handle, account=account)


@internal
@view
def separator(version: String[1]) -> bytes32:
    return keccak256(
        abi_encode(
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
            keccak256("ACL"),
            keccak256(version),
            chain.id,
            self.acl,
        )
    )


@internal
@pure
def signer(digest: bytes32, signature: Bytes[256]) -> address:
    if len(signature) != 65:
        return empty(address)
    return ecrecover(
        digest,
        convert(slice(signature, 64, 1), uint256),
        convert(slice(signature, 0, 32), uint256),
        convert(slice(signature, 32, 32), uint256),
    )


@internal
@view
def check(issuer: address, expiration: uint64, digest: bytes32, signature: Bytes[256]):
    if convert(expiration, uint256) < block.timestamp:
        raw_revert(method_id("PermissionInvalid_Expired()"))
    found: address = self.signer(digest, signature)
    if found == empty(address) or found != issuer:
        raw_revert(method_id("PermissionInvalid_IssuerSignature()"))
