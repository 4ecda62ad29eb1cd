#!/usr/bin/env bash
# Timings of the release build, as a table. Run it as root: a worker's memory is hidden from everybody else.
set -euo pipefail
cd "$(dirname "$0")/.."
swift build -c release --static-swift-stdlib --disable-local-rpath --product bench
exec .build/release/bench
