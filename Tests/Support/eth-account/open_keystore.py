"""Opens a keystore with eth-account and prints the address of the key inside.

Usage: open_keystore.py KEYSTORE PASSWORD_FILE
"""
import json
import sys

from eth_account import Account

with open(sys.argv[1], encoding="utf-8") as file:
    keystore = json.load(file)
with open(sys.argv[2], "rb") as file:
    password = file.read()
print(Account.from_key(Account.decrypt(keystore, password)).address)
