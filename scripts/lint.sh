#!/usr/bin/env bash
# Formatting, and the rules of the house that a compiler does not know.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0
complain() { echo "lint: $*" >&2; failed=1; }

swift format lint --strict --recursive Sources Tests Package.swift || failed=1

# Supervisor and Worker never meet; Worker and Shared do without Foundation and Dispatch.
for library in Foundation FoundationEssentials Dispatch _Concurrency; do
    if grep -rnE "^[a-z ]*import $library\b" Sources/Worker Sources/Shared; then complain "$library in Worker or Shared"; fi
done
if grep -rnE '^[a-z ]*import (Supervisor|Ethereum|HTTPTransport|ContentStore|Coordination|CoFHE|Attestation)\b' \
    Sources/Worker Sources/Shared; then complain "the supervisor's wing in Worker or Shared"; fi
if grep -rnE '^[a-z ]*import Worker\b' Sources/Supervisor Sources/Devnet; then complain "Worker outside its room"; fi

# What the environment says is read in one place; and where certificates are, by the two that need them.
if grep -rnE 'getenv|ProcessInfo\.processInfo\.environment' Sources/{Supervisor,Worker,Shared,CSystem,blindference-node} |
    grep -vE '/(OperatorEnvironment|Node\+Assembly|CurlClient)\.swift:'; then complain "the environment is read elsewhere"; fi

# Escapes from the language's safety: each has its reason beside it, and their number may only fall.
count=$(grep -rnE 'try!|fatalError\(|@unchecked Sendable|nonisolated\(unsafe\)|unsafeBitCast|[])a-zA-Z]!($|[ .,)\n])' \
    --include='*.swift' Sources | grep -vE '^[^:]+:[0-9]+: *//' | wc -l)
allowed=$(cat scripts/escapes-allowed)
[ "$count" -le "$allowed" ] || complain "$count escapes from safety, $allowed allowed"
[ "$count" -ge "$allowed" ] || echo "lint: only $count escapes left: lower scripts/escapes-allowed"

# No build is another: what is compiled depends on the processor alone.
if grep -rnE '#if' --include='*.swift' Sources | grep -vE '#if arch\([a-z0-9_]+\)$'; then complain "a build of its own"; fi
if grep -nE '\.define\(' Package.swift; then complain "a build of its own"; fi

# No machine of ours has the other processor: what C writes for it alone is at least compiled.
for file in Sources/{CSystem,CDrill}/*.c; do
    clang --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include -I "${file%/*}/include" -Wall -Werror \
        -c -o /dev/null "$file" || complain "$file does not compile for aarch64"
done

while read -r lines file; do
    [ "$lines" -le 400 ] || complain "$file has $lines lines"
done < <(git ls-files '*.swift' | xargs wc -l | grep -v ' total$')

scripts/claims.py check || failed=1

[ "$failed" -eq 0 ] && echo "lint: clean"
exit "$failed"
