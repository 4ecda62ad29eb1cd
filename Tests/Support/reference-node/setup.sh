#!/usr/bin/env bash
# Installs the published node, unmodified, once; a second run only checks that it is there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${BLF_PEER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/blindference}/reference-node
python=${PYTHON:-python3}

say() { echo "reference-node: $*" >&2; }
die() { say "$*"; exit 1; }

wanted=$(sha256sum <"$here/requirements.txt")
stamp=$cache/stamp
ready() { [[ -f $stamp && $(<"$stamp") == "$wanted" && -x $cache/venv/bin/blindference-node ]]; }

ready && exit 0

mkdir -p "$cache"
# Two callers at once would install into the same venv.
exec 9>"$cache/lock"
flock 9
ready && exit 0

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    die "needs Python 3.10 or newer (set PYTHON to one)"
rm -rf "$cache/venv" "$stamp"
"$python" -m venv "$cache/venv" ||
    die "cannot make a venv (on Debian: apt-get install python3-venv)"

say "installing (about 50 packages, once)"
"$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    --only-binary :all: -r "$here/requirements.txt" || die "pip could not install requirements.txt"
"$cache/venv/bin/python" -m pip check >&2 || die "the pinned packages do not fit together"

echo "$wanted" >"$stamp"
say "ready in $cache"
