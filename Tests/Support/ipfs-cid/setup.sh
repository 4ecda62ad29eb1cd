#!/bin/sh
# Installs the peer that computes content identifiers with another implementation (aleph-cid, written in Rust).
# Prints the Python that has it. Running it again changes nothing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${BLF_PEER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/blindference}/ipfs-cid
wanted=$(cat "$here/requirements.txt")
if [ "$(cat "$cache/installed.txt" 2>/dev/null || true)" != "$wanted" ]; then
    mkdir -p "$cache"
    python3 -m venv --clear "$cache"
    "$cache/bin/pip" install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: \
        -r "$here/requirements.txt"
    printf '%s\n' "$wanted" >"$cache/installed.txt"
fi
printf '%s\n' "$cache/bin/python"
