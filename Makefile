# Every way to set up, run and check ffrtmp; `make help` lists them. Needs make, npm and Node 20 or newer: a host whose
# Node is older than 24.16 gets a private one in runtime/. Nothing is installed globally but Debian's ffmpeg.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

# $(shell) sees the host's PATH, not the one exported below: this asks for the host's own Node.
node_ok := $(shell node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 24 || (a === 24 && b >= 16) ? 0 : 1)' 2>/dev/null && echo yes)
private_node := $(if $(node_ok),,runtime/node_modules/.stamp)
export PATH := $(CURDIR)/runtime/node_modules/.bin:$(CURDIR)/node_modules/.bin:$(PATH)

# Two files at once on two cores: most of a test file's time is waiting. Node's own choice there is one.
test_concurrency := 2
# One test is a few real encodes of seconds each; two minutes is several times that on a busy machine. The whole run is
# ended after 20 minutes, the most it may ever take: node has no limit for a file that computes for ever.
test_timeout_ms := 120000
run_timeout_s := 1200
unit_tests := {shared/src,shared/runtime/src,advisor/src,master/src,worker/src,cli/src}/**/*.test.ts
node_test := timeout --foreground --kill-after=30 $(run_timeout_s) node --import ./tests/support/file-end.ts --test \
	--test-reporter=spec --test-concurrency=$(test_concurrency) --test-timeout=$(test_timeout_ms)

.PHONY: help setup packages test-packages demo up check format test build build-distributed build-master build-agent \
	reference bench campaign clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: node_modules/.stamp packages ## Private Node when the host's is older, locked npm packages, ffmpeg

demo: setup ## Transcode a film on a small fleet, print its receipt; INPUT=film.mp4, FULL=1 for all of it, OUT=folder
	@from_caller() { case $$1 in /*) echo "$$1" ;; *) echo "$$CALLER/$$1" ;; esac; }; \
	set --; \
	[ -z "$$INPUT" ] || set -- "$$@" --input "$$(from_caller "$$INPUT")"; \
	[ -z "$$OUT" ] || set -- "$$@" --out "$$(from_caller "$$OUT")"; \
	case $$FULL in ''|0) ;; *) set -- "$$@" --full ;; esac; \
	exec bin/ffrtmp demo "$$@"
# `make -C` leaves the caller's folder in PWD: a relative INPUT or OUT is meant from there.
demo: export CALLER := $(value PWD)
demo: override export INPUT := $(value INPUT)
demo: override export OUT := $(value OUT)
demo: override export FULL := $(value FULL)

up: setup ## A master and an agent on this machine that stay; Ctrl-C stops both. ARGS="--host 0.0.0.0" and the like
	@exec bin/ffrtmp up $(ARGS)

check: node_modules/.stamp ## Format, lint, types and house rules, in seconds
	@$(node_test) 'tests/house/*.test.ts'

format: node_modules/.stamp ## Let Biome put format and imports right
	@biome check --write .

test: setup test-packages build ## Everything: check, unit, contract, store and system tests; counts stand last
	@$(node_test) '$(unit_tests)' 'tests/**/*.test.ts'

build: node_modules/.stamp ## Compile every role to dist/ (FFRTMP_DIST=1 bin/master runs it)
	@tsc -b tsconfig.build.json

build-distributed: build ## The same under the name of old
build-master: node_modules/.stamp ## Compile the master and what it needs
	@tsc -b master
build-agent: node_modules/.stamp ## Compile the agent and what it needs
	@tsc -b worker

reference: node_modules/.stamp ## Write docs/reference/ again from the code
	@node docs/generate.ts

bench: setup ## Run the speed gates in bench/ and print one table; ONLY=submit runs one, BENCH_QUICK=1 tries them
	@node bench/measure/run.ts $(ONLY)

campaign: setup test-packages ## One layer of the fault campaign: LAYER=B N=20000; RESUME=1 adds to what this commit has counted
	@node tests/faults/campaign.ts

clean: ## Remove what was built, the outputs and the cached test media
	@rm -rf out {shared,shared/runtime,advisor,master,worker,cli}/dist

packages:
	@setup/packages.sh ffmpeg ffprobe

test-packages:
	@setup/packages.sh ffmpeg ffprobe ip unshare setpriv gcc

# The private Node cannot live in the root's node_modules: `npm ci` there would delete the Node that runs it.
runtime/node_modules/.stamp: runtime/package-lock.json
	@setup/npm-ci.sh runtime 'the private Node.js' runtime/node_modules/.bin/node
	@touch $@

node_modules/.stamp: package-lock.json | $(private_node)
	@setup/npm-ci.sh . 'the npm packages'
	@touch $@
