# Every target sets up what it needs; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := release

# Static-PIE workers must not carry a run path: glibc's start code refuses it.
SWIFT_FLAGS := --disable-local-rpath
# Swift's own libraries inside: half the memory and start-up time.
RELEASE_FLAGS := -c release --static-swift-stdlib $(SWIFT_FLAGS)
PROGRAMS := blindference-node blindference-worker blindference-devnet blindference-devnet-helper blindference-drill narrowed-worker \
    lying-worker unconfined-worker canary-scan without-secret-memory
UNIT_SUITES := SharedTests WorkerTests HTTPTransportTests EthereumTests CoFHETests ContentStoreTests CoordinationTests \
    DevnetTests SupervisorTests CommandTests
export MODEL ?= local

.PHONY: release setup test security e2e interop fuzz bench lint demo claims help

## release build of node, worker and devnet into .build/release
release: setup
	@# By name: a package's other products include libraries that do not link this way.
	for program in $(PROGRAMS); do swift build $(RELEASE_FLAGS) --product "$$program"; done
	scripts/measure-worker.sh .build/release

## install the system packages that are missing
setup:
	@scripts/setup.sh

## unit tests of every room
test: setup
	@rm -f .build/logs/test.log
	Tests/Support/ipfs-cid/setup.sh >/dev/null
	swift build --build-tests $(SWIFT_FLAGS)
	@# A process a room: some tests compute for seconds, and would starve the clocks of others.
	for suite in $(UNIT_SUITES); do scripts/test.sh "^$$suite\." .build/logs/test.log; done

## the sandbox and the secrets, looked at from outside
security: release
	scripts/security.sh

## whole networks of real processes, faults included
e2e: release
	@rm -f .build/logs/e2e.log
	swift build --build-tests $(SWIFT_FLAGS)
	scripts/test.sh EndToEndTests .build/logs/e2e.log

## jobs together with the published Python node
interop: release
	@rm -f .build/logs/interop.log
	swift build --build-tests $(SWIFT_FLAGS)
	scripts/test.sh InteropTests .build/logs/interop.log

## every sentence about security and its tests, after test, security and e2e have run
claims:
	scripts/claims.py check .build/logs/*.log

## libFuzzer over the parsers, FUZZ_SECONDS each (default 30)
fuzz: setup
	scripts/fuzz.sh

## timings, printed as a table
bench: release
	scripts/bench.sh

## formatting, forbidden constructs, documentation
lint: setup
	scripts/lint.sh

## a whole network on this machine: PROMPT="…" asks, MODEL=mock skips the language model
demo: release
	scripts/demo.sh

help:
	@awk '/^## /{text=substr($$0,4)} /^[a-z0-9]+:/{if(text){split($$1,name,":"); printf "make %-10s %s\n", name[1], text; text=""}}' Makefile
