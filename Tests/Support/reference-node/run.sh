#!/usr/bin/env bash
# Runs the published node in the foreground: mock attestation, mock model, CoFHE over JSON-RPC.
#
#   BLF_PRIVATE_KEY=0x… run.sh CONFIG_DIR ICL_URL COFHE_URL IPFS_GATEWAY_URL MODEL_ID[,MODEL_ID…]
#
# Also read: BLF_COFHE_CHAIN_ID (421614), BLF_LOG_LEVEL (INFO), BLF_PEER_CACHE. Do not use a key that owns anything.
set -euo pipefail

[[ $# == 5 ]] || { sed -n '4s/^# *//p' "$0" >&2; exit 2; }
: "${BLF_PRIVATE_KEY:?a private key in hex}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${BLF_PEER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/blindference}/reference-node
"$here/setup.sh" </dev/null

mkdir -p "$1"
# The node reads .env in its working directory.
cd "$1"

# Not by its `init`, which fails without nvidia-smi and makes a keystore that takes 256 MiB and a second to open.
# An expired certificate stands in for `attest`: `run` wants one to exist, and renews it at every start.
BLF_ICL_ENDPOINT=$2 BLF_COFHE_ENDPOINT=$3 BLF_IPFS_GATEWAY=$4 BLF_SUPPORTED_MODEL_IDS=$5 \
    "$cache/venv/bin/python" - <<'PYTHON'
import json
import os

from eth_account import Account

account = Account.from_key(os.environ["BLF_PRIVATE_KEY"])
with open("keystore.json", "w") as file:
    json.dump(Account.encrypt(account.key, "", kdf="pbkdf2", iterations=1), file)
config = {
    "node_address": account.address,
    "keystore_path": os.path.abspath("keystore.json"),
    "supported_model_ids": os.environ["BLF_SUPPORTED_MODEL_IDS"].split(","),
    "attestation_expiry": 1,
    "icl_endpoint": os.environ["BLF_ICL_ENDPOINT"],
    "ipfs_gateway": os.environ["BLF_IPFS_GATEWAY"],
    "cofhe_mode": "python",
    "cofhe_endpoint": os.environ["BLF_COFHE_ENDPOINT"],
    "cofhe_chain_id": int(os.environ.get("BLF_COFHE_CHAIN_ID", 421614)),
    "log_level": os.environ.get("BLF_LOG_LEVEL", "INFO"),
}
with open("config.json", "w") as file:
    json.dump(config, file, indent=2)
PYTHON

# A clean environment: any other BLF_ variable or API key of the caller would change what the node does.
exec env -i PATH="$PATH" HOME="$PWD" PYTHONUTF8=1 PYTHONUNBUFFERED=1 BLF_CONFIG_DIR="$PWD" BLF_KEY_PASSWORD= \
    "$cache/venv/bin/blindference-node" run </dev/null
