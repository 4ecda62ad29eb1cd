#!/usr/bin/env bash
# The sandbox and the secrets, looked at from outside: as root, and as an ordinary user. Prints the claims that were
# proven, and fails where one was not.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || {
    echo "These tests look into other processes, and become an ordinary user by themselves. Run them as root." >&2
    exit 1
}
logs=.build/logs
mkdir -p "$logs"
rm -f "$logs"/security*.log
# What root alone can do: take a single right away from itself, keep others, become somebody else.
of_root='AttackTests/setuid|MeasuredWorkerTests/missingLayer|OrdinaryUserTests|ProofTests/.*ByRoot'
of_root="$of_root|WorkerWallsTests/(keptCapabilities|mounts)"
# Tests that wait for whole nodes most of the time. The others compute meanwhile, in a process of their own, because some
# count that process's children. Tests that look at every changed file, and the one that has a core made, are all on this
# side, one after the other: nothing on the other side may leave a core.
of_nodes='^SecurityTests.*/(Canary|Crash|HelperSocket|NodeCrash|OperatorSecret|SupervisorMemory|WorkerCrash)Tests/'
# What an ordinary user's own supervisor sees of a worker, which is less.
from_user='^SecurityTests.*/(Attack|Proof|OneJob)Tests'

# Tests of other rooms that prove what this table says. In a process of their own: SecurityTests count the children of theirs.
rooms='SandboxDocumentTests|SystemCallFilterTests|JobClockTests|JournalTests|NodeMetricsTests|Penalty(Rule|Book)Tests'
rooms="$rooms|RequesterFaultTests|EncryptionHelperTests|SealOutputTests|^SupervisorTests.*(Check|Doctor)"

# What a test that was interrupted has left on.
end_swap() {
    for area in "$PWD"/.build/swap-* /var/tmp/swap-*; do
        [ ! -e "$area" ] || { swapoff "$area" 2>/dev/null || true; rm -f "$area"; }
    done
}

place=
nodes=
failed=0
# Whoever interrupts this ends both halves.
trap '[ -z "$nodes" ] || kill -- "-$nodes" 2>/dev/null || true; rm -rf "$place"; end_swap' EXIT

# Both halves of SecurityTests: halves LOG COMMAND…, which takes the options of a test run.
halves() {
    local log=$1 status=0
    shift
    set -m
    ("$@" --filter "$of_nodes" 2>&1 | tee "$log-nodes.log") &
    set +m
    nodes=$!
    "$@" --filter SecurityTests --skip "$of_nodes" 2>&1 | tee "$log.log" || status=$?
    wait "$nodes" || status=$?
    nodes=
    return "$status"
}

swift build --build-tests --disable-local-rpath
NO_COLOR=1 halves "$logs/security" .build/debug/blindference-nodePackageTests.xctest --testing-library swift-testing ||
    failed=1
scripts/test.sh "$rooms" "$logs/security-rooms.log" || failed=1

# The checkout may be closed to others: copies of what the tests start, where everybody may run it.
place=$(mktemp -d /tmp/blindference-security.XXXXXX)
for program in blindference-{node,worker,devnet,devnet-helper,drill} {narrowed,lying,unconfined}-worker canary-scan \
    without-secret-memory; do
    cp --dereference ".build/release/$program" "$place"
done
cp --dereference .build/debug/blindference-nodePackageTests.xctest "$place/tests"
cp "$place/tests" "$place/tests-that-look"
mkdir -p "$place/Tests/Support" "$place/deploy"
cp -r Tests/Support/{devchain,hostile-helper,node-tfhe} "$place/Tests/Support"
cp -r deploy/cofhe-helper "$place/deploy"
mkdir -m 777 "$place/home"
chmod 755 "$place"
# Tests that look for a secret in another process's memory, or plant a fault there, have the right to. They alone:
# what they start is an ordinary user's.
setcap cap_sys_ptrace,cap_dac_override+ep "$place/tests-that-look"
setcap cap_sys_ptrace,cap_dac_override+ep "$place/canary-scan"

as_user() {
    (cd "$place/home" &&
        setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
        env -i PATH="$PATH" HOME="$place/home" TMPDIR="$place/home" BLF_TEST_BINARIES="$place" \
        BLF_TEST_CHECKOUT="$place" NO_COLOR=1 "$@")
}
halves "$logs/security-user" \
    as_user "$place/tests-that-look" --testing-library swift-testing --skip "$of_root" || failed=1
as_user "$place/tests" --testing-library swift-testing --filter "$from_user" --skip "$of_root" \
    2>&1 | tee "$logs/security-user-blind.log" || failed=1
as_user "$place/tests" --testing-library swift-testing --filter EncryptionHelperTests \
    2>&1 | tee "$logs/security-user-rooms.log" || failed=1

echo
grep -h "^extra layers" "$logs"/security*.log | sort -u
scripts/claims.py table "$logs"/security*.log --again "$of_root" "$logs"/security-user*.log || failed=1
exit "$failed"
