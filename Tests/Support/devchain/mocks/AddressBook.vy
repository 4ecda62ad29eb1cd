# pragma version 0.4.3
# pragma evm-version cancun
"""
@title  Test double for the book in which the last generation keeps addresses
"""


@external
@view
def getTm(domain: uint256) -> address:
    if domain != 1:
        raw_revert(abi_encode(domain, method_id=method_id("TaskManagerNotSet(uint256)")))
    return 0xeA30c4B8b44078Bbf8a6ef5b9f1eC1626C7848D9
