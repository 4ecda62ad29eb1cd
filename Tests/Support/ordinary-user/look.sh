#!/usr/bin/env bash
# Runs a devnet and a node as the calling user, then tries to read their memory as the same user.
# Prints one line a process: NAME SECCOMP READABLE, where READABLE counts the addresses that process_vm_readv gave, and
# whether ptrace attached and /proc/PID/mem opened.
# usage: look.sh PROGRAMS FOLDER
set -euo pipefail
programs=$1
cd "$2"
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT

"$programs/blindference-devnet" serve --port 0 > devnet.out & devnet=$!
for _ in $(seq 100); do grep -q ^ready devnet.out && break; sleep 0.1; done
url=$(cut -d' ' -f2 devnet.out)
(umask 077; echo password > password)
"$programs/blindference-node" init --config-dir node --password-file password > init.out 2>&1
BLF_CONFIG_DIR=node BLF_ICL_ENDPOINT=$url BLF_COFHE_ENDPOINT=$url/cofhe BLF_COFHE_MODE=python BLF_IPFS_GATEWAY=$url \
    BLF_IPFS_FALLBACK_GATEWAYS= BLF_IPFS_UPLOAD_URL=$url/api/v0 BLF_MOCK_MODEL_IDS=mock BLF_MAX_PROMPT_BYTES=65536 \
    "$programs/blindference-node" run --password-file password > node.log 2>&1 & node=$!
for _ in $(seq 200); do grep -q node_started node.log && break; sleep 0.1; done

look() {
    python3 - "$1" "$2" <<'PYTHON'
import ctypes, sys
name, pid = sys.argv[1], int(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
class Part(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
try: addresses = [int(line.split("-")[0], 16) for line in open(f"/proc/{pid}/maps")]
except OSError: addresses = []
# A hidden map is no wall by itself: try where a stack would be, and count "bad address" as having been let in.
guesses = addresses or range(0x7ffc00000000, 0x7fff00000000, 0x40000000)
target, readable = ctypes.create_string_buffer(16), 0
for address in guesses:
    ours, theirs = Part(ctypes.addressof(target), 16), Part(address, 16)
    count = libc.process_vm_readv(pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
    if count > 0 or ctypes.get_errno() == 14: readable += 1
# PTRACE_ATTACH and PTRACE_DETACH.
if libc.ptrace(16, pid, None, None) == 0:
    readable += 1
    libc.waitpid(pid, None, 0)
    libc.ptrace(17, pid, None, None)
try: readable += len(open(f"/proc/{pid}/mem", "rb").name) > 0
except OSError: pass
seccomp = [line.split()[1] for line in open(f"/proc/{pid}/status") if line.startswith("Seccomp:")][0]
print(name, seccomp, readable)
PYTHON
}
look devnet "$devnet"
look supervisor "$node"
for worker in $(pgrep -P "$node"); do look worker "$worker"; done
