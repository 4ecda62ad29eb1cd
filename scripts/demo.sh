#!/usr/bin/env bash
# A whole network on this machine: devnet, model, three nodes, one question; then a look at who could see what.
#
#   PROMPT="…" MODEL=local|mock scripts/demo.sh        BLF_TEST_BINARIES: where the programs are (.build/release)
#
# Exit codes: 0 accepted and read, 1 not, 2 usage. Leaves no process behind, and files only when it failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
programs=${BLF_TEST_BINARIES:-$root/.build/release}
prompt=${PROMPT:-What is the capital of France?}
case ${MODEL:-local} in
    local) model=gemma3-270m ;;
    mock) model=mock ;;
    *) echo "MODEL is local or mock." >&2; exit 2 ;;
esac
for name in node worker devnet; do
    [[ -x $programs/blindference-$name ]] || { echo "Not in $programs: blindference-$name (make release)" >&2; exit 2; }
done

# Or every program below would carry the prompt in its environment, and be found to.
unset PROMPT MAKEFLAGS MFLAGS MAKEOVERRIDES

place=$(mktemp -d "${TMPDIR:-/tmp}/blindference-demo.XXXXXX")

# By `jobs`, so that only living children of this shell are signalled.
finish() {
    local status=$? end=$((SECONDS + 6)) pid
    trap '' INT TERM
    {
        for pid in $(jobs -pr); do kill -TERM "$pid"; done
        # A node that was interrupted in a job would wait for its devnet.
        while [[ -n $(jobs -pr) ]] && ((SECONDS < end)); do sleep 0.05; done
        for pid in $(jobs -pr); do kill -KILL "$pid"; done
        wait
    } 2>/dev/null || true
    if ((status == 0 || status >= 130)); then
        rm -rf "$place"
    else
        echo "The logs are in $place: devnet.log, model.log, node-1/node.log, …" >&2
    fi
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# start LOG COMMAND… runs a program until the end of the demo, or of this shell, should that be killed without a word.
start() {
    local log=$1
    shift
    : >"$log"
    setpriv --pdeathsig KILL "$@" </dev/null >"$log" 2>&1 &
}

# await PID LOG SECONDS WORDS waits for a line with WORDS; a program that ends first has failed.
await() {
    local end=$((SECONDS + $3))
    until grep -q -- "$4" "$2"; do
        kill -0 "$1" 2>/dev/null && ((SECONDS < end)) || { tail -n 5 "$2" >&2; return 1; }
        sleep 0.05
    done
}

printf %s "$prompt" >"$place/prompt"

echo "Starting devnet, ${model/mock/mock model} and three nodes …"
start "$place/devnet.log" "$programs/blindference-devnet" serve
devnet=$!
settings=(BLF_MOCK_MODEL_IDS=mock)
if [[ $model != mock ]]; then
    start "$place/model.log" "$root/deploy/local-llm/run.sh" 0
    server=$!
fi
inits=()
for number in 1 2 3; do
    mkdir -m 700 "$place/node-$number"
    (umask 077; od -An -tx1 -N16 /dev/urandom | tr -d ' \n' >"$place/node-$number/password")
    "$programs/blindference-node" init --config-dir "$place/node-$number" \
        --password-file "$place/node-$number/password" >"$place/node-$number/init.log" 2>&1 </dev/null &
    inits+=($!)
done
for pid in "${inits[@]}"; do wait "$pid"; done
await "$devnet" "$place/devnet.log" 20 '^ready '
url=$(sed -n 's/^ready //p' "$place/devnet.log")
if [[ $model != mock ]]; then
    # The first start on a machine downloads 280 MB.
    await "$server" "$place/model.log" 900 '^ready '
    settings=(BLF_OPENAI_MODEL_IDS=$model "BLF_OPENAI_BASE_URL=$(sed -n 's/^ready //p' "$place/model.log")")
fi
nodes=()
# One after the other, the leader last: so both verifiers have asked for work before it, and all three answer.
# Otherwise the leader and one verifier could decide the quorum, and a decided job is offered to nobody.
for number in 3 2 1; do
    cd "$place/node-$number"
    # A clean environment: any BLF_ variable of the caller would count. A worker for short prompts locks less memory
    # than an ordinary user may.
    start "$place/node-$number/node.log" env -i PATH="$PATH" HOME="$place" BLF_CONFIG_DIR="$PWD" \
        BLF_ICL_ENDPOINT="$url" BLF_COFHE_ENDPOINT="$url/cofhe" BLF_COFHE_MODE=python BLF_IPFS_GATEWAY="$url" \
        BLF_IPFS_FALLBACK_GATEWAYS= BLF_IPFS_UPLOAD_URL="$url/api/v0" BLF_MAX_CONCURRENT_JOBS=1 \
        BLF_MAX_PROMPT_BYTES=1048576 "${settings[@]}" \
        "$programs/blindference-node" run --password-file "$place/node-$number/password"
    nodes=($! "${nodes[@]}")
    await $! "$place/node-$number/node.log" 30 node_started
done
cd "$root"
leader=$(grep -om1 '0x[0-9a-fA-F]\{40\}' "$place/node-1/init.log")

look() { python3 -I "$root/scripts/demo-look.py" "$place" "$url" "$devnet" "${server:--}" "${nodes[@]}" "$1"; }
look before

echo "Asking: $prompt"
echo
# In the background, because a shell runs its traps only between commands and in `wait`.
"$programs/blindference-devnet" submit --url "$url" --model "$model" --prompt-file "$place/prompt" \
    --leader "$leader" --timeout 280 --format json >"$place/answer.json" 2>"$place/submit.log" </dev/null &
wait $! || { cat "$place/submit.log"; [[ -s $place/answer.json ]]; }
look after
