#!/usr/bin/env bash
# The sandbox and the secrets, looked at from outside: as the calling user, and where that is root, as an ordinary user
# too. Prints the claims that were proven, and fails where one was not.
set -euo pipefail
cd "$(dirname "$0")/.."
logs=.build/logs
mkdir -p "$logs"
# What needs no right to look into other processes: attacks, lies, walls, ends.
ordinary='^SecurityTests.*/(Attack|Filter.*|OneJob|HostileSupervisor|LyingWorker|BoundedEnd|ChannelPeer|Leak|Proof|WorkerProgram)Tests'

NO_COLOR=1 swift test --disable-local-rpath --filter SecurityTests 2>&1 | tee "$logs/security.log"

if [ "$(id -u)" -eq 0 ]; then
    # The checkout may be closed to others: copies of the programs, where everybody may run them.
    place=$(mktemp -d /tmp/blindference-security.XXXXXX)
    trap 'rm -rf "$place"' EXIT
    for program in blindference-{node,worker,devnet,drill} {narrowed,lying,unconfined}-worker; do
        cp --dereference ".build/release/$program" "$place"
    done
    cp --dereference .build/debug/blindference-nodePackageTests.xctest "$place/tests"
    mkdir -m 777 "$place/home"
    chmod 755 "$place"
    (cd "$place/home" && setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
        env -i PATH="$PATH" HOME="$place/home" TMPDIR="$place/home" BLF_TEST_BINARIES="$place" NO_COLOR=1 \
        "$place/tests" --testing-library swift-testing --filter "$ordinary") \
        2>&1 | tee "$logs/security-user.log"
fi

echo
scripts/claims.py table "$logs"/security*.log
