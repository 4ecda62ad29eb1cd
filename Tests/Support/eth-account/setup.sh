#!/usr/bin/env bash
# Makes the Python environment that holds eth-account, once for each requirements.txt, and prints its interpreter.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
environment=${BLF_PEER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/blindference}/eth-account
mkdir -p "$environment"

# Test processes may start at once.
exec 9>"$environment/.lock"
flock 9
if ! cmp -s "$here/requirements.txt" "$environment/.requirements"; then
    python3 -m venv --clear "$environment/venv" >&2
    "$environment/venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
    cp "$here/requirements.txt" "$environment/.requirements"
fi
echo "$environment/venv/bin/python"
