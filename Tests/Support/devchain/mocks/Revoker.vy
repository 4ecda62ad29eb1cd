# pragma version 0.4.3
# pragma evm-version cancun
"""
@title  Test double for CoFHE's revoker of permissions by their time
"""

revoked_until: HashMap[address, uint256]
revoked: HashMap[address, HashMap[uint256, bool]]


@external
def revokeAllExisting():
    self.revoked_until[msg.sender] = block.timestamp


@external
def revokeSingle(id: uint256):
    self.revoked[msg.sender][id] = True


@external
@view
def disabled(issuer: address, id: uint256) -> bool:
    return id > block.timestamp or id <= self.revoked_until[issuer] or self.revoked[issuer][id]
