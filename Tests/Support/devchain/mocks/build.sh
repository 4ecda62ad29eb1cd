#!/usr/bin/env bash
# Makes the bytecode of the test doubles from their sources. Only after a change: the results are in the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check vyper==0.4.3
for contract in TaskManagerA TaskManagerB AddressBook; do
    "$venv/bin/vyper" -f bytecode_runtime "$contract.vy" >"$contract.hex"
done
for contract in AccessControl Revoker; do
    "$venv/bin/vyper" -f bytecode "$contract.vy" >"$contract.hex"
done
