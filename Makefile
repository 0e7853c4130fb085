# Every target works from a fresh checkout with Go alone, unless it says more.
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X main.version=$(VERSION)
# Pinned tools, built by `go run` the first time.
LINT     = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUMPT    = $(GO) run mvdan.cc/gofumpt@v0.12.0
FUZZTIME ?= 20s
SIZE     ?= small
STORM    ?= 2.8.3

.PHONY: rotations build test race lint fmt bench fuzz golden demo lab lab-down lab-test verify captures help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

build: ## bin/stormtop and bin/stormlab
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/stormtop ./cmd/stormtop
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/stormlab ./cmd/stormlab

test: ## all tests that need nothing but Go; others skip with their reason
	$(GO) vet ./...
	$(GO) test $(TESTFLAGS) ./...

race: ## the same under the race detector (needs a C compiler)
	$(GO) test -race ./...

lint: ## the linters and the formatter, as CI would
	$(LINT) run ./...
	@test -z "$$($(FUMPT) -l $$(git ls-files '*.go' ':!*/gen/*'))" || { $(FUMPT) -l .; exit 1; }

fmt: ## format everything
	$(FUMPT) -w $$(git ls-files '*.go' ':!*/gen/*')

bench: ## benchmarks; docs/performance.md says what they mean
	$(GO) test -run '^$$' -bench . -benchmem ./...
	scripts/bench-logs

fuzz: ## every fuzz target for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "== $$pkg $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
	  done; done

golden: ## rewrite the expected screens after looking at the change
	$(GO) test ./ui/... -update
	$(GO) test -run '^TestSameSeedSameFrames$$' ./cmd/stormtop -update
	$(MAKE) captures

demo: build ## the console on a simulated cluster inside the program; SIZE=large for 1,000 topologies
	bin/stormtop demo --size $(SIZE)

lab: build ## a real Storm cluster on this machine; STORM=0.9.7 for another version, bin/stormlab check lists what is missing
	STORM=$(STORM) bin/stormlab up
	STORM=$(STORM) bin/stormlab submit all
	STORM=$(STORM) bin/stormlab env

lab-down: ## end that cluster
	STORM=$(STORM) bin/stormlab down

lab-test: build ## the tests tagged for a real cluster, on each version in turn
	scripts/lab-test

captures: ## the README's pictures, drawn by the program on the simulated cluster
	$(GO) test -count 1 -run '^TestCaptures$$' ./cmd/stormtop -captures

rotations: ## 1,000 log rotations and 1,000 broken connections against a real sshd, each follower
	STORMTOP_ROTATIONS=1000 STORMTOP_SEEDS=1000 $(GO) test -count 1 -timeout 90m -v -run 'OverSSH|FollowsEvery' ./logs

verify: ## everything that takes long: race, fuzz, lint, lab
	$(MAKE) race lint test lab-test fuzz FUZZTIME=2m
	VERSIONS=2.8.3 RUN='^TestVerifyLab' scripts/lab-test
	STORMTOP_HOSTILE_LINES=1000000 $(GO) test -run Hostile ./logs
	$(MAKE) rotations
