"""Writes a keystore of a test key with eth-account.

Usage: write_keystore.py KEYSTORE PASSWORD_FILE PRIVATE_KEY scrypt|pbkdf2 WORK_FACTOR
"""
import json
import sys

from eth_account import Account

path, password_file, private_key, function, work = sys.argv[1:]
with open(password_file, "rb") as file:
    password = file.read()
keystore = Account.encrypt(private_key, password.decode("utf-8"), kdf=function, iterations=int(work))
with open(path, "w", encoding="utf-8") as file:
    json.dump(keystore, file)
