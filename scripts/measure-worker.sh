#!/usr/bin/env bash
# Writes the SHA-256 of a worker into the node that was built beside it: the node runs that worker and no other.
#
#   scripts/measure-worker.sh FOLDER      with blindference-node and blindference-worker
set -euo pipefail

node=$1/blindference-node
digest=$(sha256sum "$1/blindference-worker" | cut -d ' ' -f 1)
section=$(readelf --wide --section-headers "$node" | sed -n 's/.* worker_measure  *PROGBITS  *[0-9a-f]*  *\([0-9a-f]*\)  *\([0-9a-f]*\) .*/\1 \2/p')
read -r offset size <<<"$section"
[[ $((16#$size)) -eq 32 ]] || { echo "$node has no room for its worker's measurement." >&2; exit 1; }
# Written to a copy, which then takes the name: a node that runs keeps its file.
trap 'rm -f "$node.measured"' EXIT
cp --preserve=mode "$node" "$node.measured"
printf '%b' "$(sed 's/../\\x&/g' <<<"$digest")" |
    dd of="$node.measured" bs=1 seek=$((16#$offset)) count=32 conv=notrunc status=none
mv -f "$node.measured" "$node"
