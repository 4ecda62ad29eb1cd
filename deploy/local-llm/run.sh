#!/usr/bin/env bash
# run.sh PORT [serve.py options]: 0 takes a free port, which the "ready" line names.
set -euo pipefail

[[ $# -ge 1 ]] || { echo "usage: run.sh PORT [--lifeline]" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${BLF_LLM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/blindference/local-llm}

# stdin may be a lifeline: setup must not read from it.
"$here/setup.sh" </dev/null
exec "$cache/venv/bin/python" "$here/serve.py" --model "$cache/gemma3-270m-q4_k_m.gguf" --port "$@"
