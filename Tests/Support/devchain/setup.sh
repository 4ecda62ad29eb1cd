#!/usr/bin/env bash
# Installs the EVM of the test chain, and fetches the published node's wheel, which carries the contracts' bytecode. Once;
# a second run only checks. Prints the Python, and the wheel.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${BLF_PEER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/blindference}/devchain
wheel=blindference_node-0.3.5-py3-none-any.whl
digest=6d45c3ba6040ef7c992849b4c7dde8d68eb0063b3c86dbc0896b26af646496ea

mkdir -p "$cache"
# Two callers at once would install into the same venv.
exec 9>"$cache/lock"
flock 9
wanted=$(sha256sum <"$here/requirements.txt")
if [ "$(cat "$cache/stamp" 2>/dev/null || true)" != "$wanted" ]; then
    rm -rf "$cache/venv"
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        -r "$here/requirements.txt"
    echo "$wanted" >"$cache/stamp"
fi
if ! echo "$digest  $cache/$wheel" | sha256sum --check --status 2>/dev/null; then
    "$cache/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$cache" blindference-node==0.3.5
    echo "$digest  $cache/$wheel" | sha256sum --check --status
fi
echo "$cache/venv/bin/python"
echo "$cache/$wheel"
