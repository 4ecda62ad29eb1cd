# pragma version 0.4.3
# pragma evm-version cancun
"""
@title  Test double for CoFHE's ACL: the domain that permits are signed for
"""

version: String[1]
revoker: address


@deploy
def __init__(version: String[1], revoker: address):
    self.version = version
    self.revoker = revoker


@external
@view
def eip712Domain() -> (bytes1, String[3], String[1], uint256, address, bytes32, DynArray[uint256, 1]):
    return 0x0f, "ACL", self.version, chain.id, self, empty(bytes32), []


@external
@view
def defaultRevokerContract() -> address:
    return self.revoker
