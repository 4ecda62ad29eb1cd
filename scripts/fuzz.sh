#!/usr/bin/env bash
# Runs libFuzzer with AddressSanitizer over every parser of hostile bytes, FUZZ_SECONDS each, starting from the corpus.
# A finding is kept as .build-fuzz/TARGET/crash-…; add it to Tests/Fuzz/Corpus when it is fixed.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-30}
export BLF_FUZZ=1

swift build --scratch-path .build-fuzz --product fuzz --disable-local-rpath \
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld -Xcc -fsanitize=address -Xlinker -lstdc++
for target in ${FUZZ_TARGETS:-frames json http cid archive keystore chain}; do
    echo "== $target, $seconds s"
    mkdir -p ".build-fuzz/$target"
    # Reports of leaks are the runtime's own.
    FUZZ_TARGET=$target ASAN_OPTIONS=detect_leaks=0 .build-fuzz/debug/fuzz ".build-fuzz/$target" \
        "Tests/Fuzz/Corpus/$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix=".build-fuzz/$target/" -print_final_stats=0 -verbosity=0
    echo "== $target: nothing found, $(ls ".build-fuzz/$target" | wc -l) inputs"
done
