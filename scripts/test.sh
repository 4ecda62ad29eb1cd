#!/usr/bin/env bash
# Runs the built tests that match a filter, and adds what they say to a log: scripts/test.sh FILTER LOG
#
# `swift test` hands their words on in pieces, and drops a piece that ends within a character: a claim whose test has
# lost its line so counts as unproven.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$(dirname "$2")"
NO_COLOR=1 .build/debug/blindference-nodePackageTests.xctest --testing-library swift-testing --filter "$1" 2>&1 |
    tee -a "$2"
