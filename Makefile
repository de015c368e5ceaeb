# Leveret. "make" lists the targets; CONTRIBUTING.md says when to use which.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS := -s -w $(if $(VERSION),-X main.linked=$(VERSION))

# How long each fuzz target runs.
FUZZTIME ?= 10s
# Sizes of make crash-long; the variables without LONG_ are those of make crash.
LONG_CYCLES ?= 1000
LONG_START_KILLS ?= 300
LONG_STOPS ?= 200
LONG_DEFINITIONS ?= 100
LONG_POWER_CUTS ?= 200
LONG_FIRST_BOOTS ?= 50
LONG_FAILED_SYNCS ?= 20
LONG_FLIPS ?= 200
LONG_LETTERS ?= 200
LONG_EXPIRIES ?= 100
LONG_DELAYS ?= 100
LONG_LIMITS ?= 200
LONG_PRIORITIES ?= 200
# How often each system call is crashed through until each of its calls was hit.
LONG_ROUNDS ?= 5
CRASH_RUN ?= .
# Which benchmarks run, for how long each, and how often: benchstat wants six.
BENCH ?= .
BENCHTIME ?= 200ms
BENCHCOUNT ?= 6
# Rounds of make bench-store.
BENCHROUNDS ?= 15
# Flags for make bench-compare.
COMPARE ?=
# Flags for make costs, which then prints instead of writing.
COSTS ?=
# Flags for the broker of make run.
ARGS ?=
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
BENCHSTAT := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

# The race detector needs a C compiler.
RACE := $(if $(shell command -v $$(go env CC) 2>/dev/null),-race)
# Tests that start no broker and so take seconds.
UNIT := $$(go list ./... | grep -v /conformance)
# Packages with benchmarks, those benchmarks that measure the disk or the load
# generator, and the results that make bench compares with.
BENCHED := $$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -n 1 dirname | sort -u)
BENCHLONG := ^Benchmark(Commit|Enqueue|Load|Resident|Discarded|Relayed)$$
BASELINE := internal/benchgate/baseline.txt
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what the targets need beside Go (Debian, Ubuntu)
	.ci/setup

# Build and run

.PHONY: build
build: ## Build bin/leveret
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/leveret ./cmd/leveret

.PHONY: run
run: build ## Build the broker and run it; ARGS="--data-dir DIR ..." are its flags
	bin/leveret serve $(ARGS)

.PHONY: cross
cross: ## Compile for linux, darwin and windows on amd64 and arm64, without cgo
	@for platform in $(PLATFORMS); do \
		echo "build $$platform"; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0 go build -o /dev/null ./cmd/leveret; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0 go build ./...; \
	done

.PHONY: generate
generate: ## Regenerate the protocol's methods and the sample configuration
	go generate ./...

.PHONY: generate-check
generate-check: generate ## Fail if generated files are not what the generators make
	@git rev-parse --is-inside-work-tree >/dev/null; \
	changed=$$(git status --porcelain -- amqp configs); \
	if [ -n "$$changed" ]; then echo "make generate changes, or these are not committed:"; echo "$$changed"; exit 1; fi

# Test

.PHONY: check
check: ## What to run before each commit: format, vet, style and unit tests
	@unformatted=$$(gofmt -l $$(go list -f '{{.Dir}}' ./...)); \
	if [ -n "$$unformatted" ]; then echo "run gofmt -w on:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go test ./internal/style
	go test $(UNIT)

.PHONY: test
test: vet race conformance crash clients ## Everything that has to pass: vet, unit tests, conformance, crash, clients

.PHONY: vet
vet: ## Run go vet
	go vet ./...

.PHONY: race
race: ## Run the unit tests with the race detector and the order of locks checked
	@[ -n "$(RACE)" ] || echo "no C compiler: the tests run without the race detector"
	go test $(RACE) -tags invariants $(UNIT)

.PHONY: conformance
conformance: ## Run the conformance suite against the broker of this repository
	go test -C conformance -count=1

.PHONY: conformance-rabbitmq
conformance-rabbitmq: ## Run the conformance suite against RabbitMQ 3.10 of Debian 12
	conformance/rabbitmq/run.sh debian12

.PHONY: conformance-rabbitmq4
conformance-rabbitmq4: ## Run the conformance suite against RabbitMQ 4.0 of Debian 13 (root)
	conformance/rabbitmq/run.sh debian13

.PHONY: crash
crash: ## Crash the broker in every way, a few times each; nothing confirmed may be lost (root, strace; 5 min)
	go test -count=1 -timeout 15m ./conformance/crash

.PHONY: crash-long
crash-long: ## The same in the sizes LONG_...; CRASH_RUN=regexp picks tests, CRASH_SEED repeats one (root; hours)
	CRASH_CYCLES=$(LONG_CYCLES) CRASH_START_KILLS=$(LONG_START_KILLS) CRASH_STOPS=$(LONG_STOPS) \
	CRASH_DEFINITIONS=$(LONG_DEFINITIONS) CRASH_POWER_CUTS=$(LONG_POWER_CUTS) CRASH_FIRST_BOOTS=$(LONG_FIRST_BOOTS) \
	CRASH_FAILED_SYNCS=$(LONG_FAILED_SYNCS) CRASH_FLIPS=$(LONG_FLIPS) CRASH_POINTS=0 CRASH_ROUNDS=$(LONG_ROUNDS) \
	CRASH_LETTERS=$(LONG_LETTERS) CRASH_EXPIRIES=$(LONG_EXPIRIES) CRASH_DELAYS=$(LONG_DELAYS) \
	CRASH_LIMITS=$(LONG_LIMITS) CRASH_PRIORITIES=$(LONG_PRIORITIES) \
	go test -count=1 -v -timeout 12h -run '$(CRASH_RUN)' ./conformance/crash

.PHONY: clients
clients: ## Run real client programs of other languages against the broker
	clients/run.sh

.PHONY: tools-check
tools-check: ## Run rabbitmqadmin, rabbit-hole, Nagios, Prometheus and Celery's remote control, and carry definitions to RabbitMQ and back (2 min)
	clients/operations/run.sh

.PHONY: tls-check
tls-check: ## Check TLS with openssl s_client and with clients of three languages (1 min)
	clients/tls/run.sh

.PHONY: fuzz
fuzz: ## Fuzz each decoder for FUZZTIME
	@grep -rl --include='*_test.go' '^func Fuzz' . | while read -r file; do \
		for target in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$$file"); do \
			echo "$$(dirname "$$file") $$target"; \
			go test "$$(dirname "$$file")" -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME); \
		done; \
	done

.PHONY: bench
bench: ## Run the benchmarks that match BENCH, and compare with the kept baseline; fails if one allocates more
	@mkdir -p bin
	go test -run '^$$' -bench '$(BENCH)' -skip '$(BENCHLONG)' -benchmem -benchtime $(BENCHTIME) -count $(BENCHCOUNT) $(BENCHED) | tee bin/bench.txt
	@awk '{ name = $$1; sub(/-[0-9]+$$/, "", name) } NR == FNR { run[name] = 1; next } !/^Benchmark/ || name in run' \
		bin/bench.txt $(BASELINE) > bin/baseline.txt
	@echo; sed -n 's/^# /The baseline, for information, as machines differ: /p' $(BASELINE)
	@go run $(BENCHSTAT) -ignore cpu,goos,goarch,/gomaxprocs -filter '.unit:(sec/op OR allocs/op)' baseline=bin/baseline.txt now=bin/bench.txt
	go run ./internal/benchgate $(BASELINE) bin/bench.txt

.PHONY: bench-baseline
bench-baseline: ## Make the baseline anew, with the benchmarks of this machine
	@mkdir -p bin
	go test -run '^$$' -bench . -skip '$(BENCHLONG)' -benchmem -benchtime $(BENCHTIME) -count $(BENCHCOUNT) $(BENCHED) | tee bin/bench.txt
	@{ echo "# $$(go env GOVERSION) $$(go env GOOS)/$$(go env GOARCH), $$(getconf _NPROCESSORS_ONLN) processors, $(VERSION), $$(date -u +%F)"; \
		grep -E '^(goos|goarch|pkg|cpu|Benchmark)' bin/bench.txt; } > $(BASELINE)

.PHONY: bench-once
bench-once: ## Run each benchmark for a moment, so that none rots, and check what they allocate (1 min)
	@mkdir -p bin
	go test -run '^$$' -bench '$(BENCHLONG)' -benchtime 1x $(BENCHED)
	go test -run '^TestAllocations' -bench . -skip '$(BENCHLONG)' -benchmem -benchtime 100x $(BENCHED) | tee bin/bench.txt
	go run ./internal/benchgate $(BASELINE) bin/bench.txt

.PHONY: bench-compare
bench-compare: ## Compare with RabbitMQ in turns and write docs/performance.md; COMPARE="-rounds 5 -time 5s -only NAME,NAME -broker NAME=URL,PID"
	internal/measure/compare.sh $(COMPARE)

.PHONY: costs
costs: build ## Measure what very much of anything costs and write docs/performance.md (8 min); COSTS="-scenario growth -only topics" prints a part
	@work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	go run ./internal/measure -leveret bin/leveret -data "$$work/data" $(if $(COSTS),$(COSTS),-scenario scale -write docs/performance.md)

.PHONY: bench-store
bench-store: ## Compare the store's commits with those of a plain file, in turns, and measure its memory
	@go test -run '^$$' -bench '^BenchmarkCommit$$' -benchtime $(BENCHROUNDS)x ./persistence | awk -f persistence/testdata/bench-store.awk
	@go test -run '^$$' -bench '^BenchmarkResident$$' -benchtime 4000x ./persistence | grep '^Benchmark'

.PHONY: cover
cover: ## Measure the coverage of the unit tests into coverage.out
	go test -coverprofile coverage.out -coverpkg ./... $(UNIT)
	go tool cover -func coverage.out | tail -1

.PHONY: lint
lint: ## Run golangci-lint if it is installed, otherwise staticcheck
	@if command -v golangci-lint >/dev/null; then \
		golangci-lint run && cd clients/operations && golangci-lint run; \
	else \
		go vet ./... && go run $(STATICCHECK) ./...; \
	fi
