# heliograph: "make run" starts it, "make test" tests it, "make help" tells the rest.

SHELL      := /bin/bash
GO         ?= go
LISTEN     ?= 127.0.0.1:5800
FUZZTIME   ?= 3s
VERSION    ?= $(shell git describe --tags --dirty 2>/dev/null || echo 0.1.0-dev)
# Linters compile what they look at. With the flags of the build they need not do it twice.
FLAGS      := $(strip $(shell $(GO) env GOFLAGS) -trimpath)
BUILD      := CGO_ENABLED=0 GOFLAGS='$(FLAGS)' $(GO) build -ldflags '-s -w -X main.version=$(VERSION)'
LINTER     := build/golangci-lint

.DEFAULT_GOAL := help

##@ Use

.PHONY: build
build: ## build bin/heliograph: one static binary
	$(BUILD) -o bin/heliograph ./cmd/heliograph

.PHONY: run
run: build ## build and start it on http://127.0.0.1:5800 (LISTEN=ADDR for another address)
	bin/heliograph serve --listen $(LISTEN)

.PHONY: cross
cross: ## build for every kind of machine that is supported
	GOOS=linux GOARCH=amd64 $(BUILD) -o bin/heliograph-linux-amd64 ./cmd/heliograph
	GOOS=linux GOARCH=arm64 $(BUILD) -o bin/heliograph-linux-arm64 ./cmd/heliograph
	GOOS=linux GOARCH=arm GOARM=7 $(BUILD) -o bin/heliograph-linux-armv7 ./cmd/heliograph
	@ls -l bin/heliograph-linux-*

##@ Test

.PHONY: test
test: install-test-deps build ## install what the tests need and run them all
	HELIOGRAPH_BIN=$(CURDIR)/bin/heliograph scripts/test.sh

.PHONY: install-test-deps
install-test-deps: ## install what the tests need and is missing (apt, npm)
	scripts/install-test-deps.sh

.PHONY: race
race: ## run the Go tests with the race detector, nothing else (PKG=./internal/topic/...)
	CGO_ENABLED=1 $(GO) test -race $(or $(PKG),./...)

.PHONY: e2e
e2e: ## run the tests of the real binary, nothing else
	$(GO) test -count=1 ./test/e2e/...

.PHONY: ui-test
ui-test: install-test-deps build ## run the tests of the web interface, nothing else
	cd test/ui && PATH=$$(../../scripts/install-test-deps.sh --node):$$PATH HELIOGRAPH_BIN=$(CURDIR)/bin/heliograph CHROMIUM=$$(../../scripts/install-test-deps.sh --browser) \
		node --test --test-concurrency=2 $$(find unit browser -name '*.test.mjs' | sort)

.PHONY: test-vm
test-vm: ## run the tests that need a guest with real drivers (QEMU)
	@test -x test/vm/run || { echo "there is no guest yet: test/vm/run is missing"; exit 1; }
	test/vm/run

.PHONY: fuzz
fuzz: ## run every fuzz target for a moment (FUZZTIME=3s, PKG=./internal/topic/...)
	scripts/fuzz.sh $(FUZZTIME) $(PKG)

.PHONY: bench
bench: build ## measure against the bare minimum and write docs/benchmarks.md
	scripts/bench.sh

##@ Code

.PHONY: check
check: lint vulncheck cross test ## everything that CI runs

.PHONY: lint
LINTS := lint-format lint-modules lint-documents lint-code lint-machines
lint: $(LINTS) ## run the linters, with the rules of who may import whom

.PHONY: $(LINTS)
$(LINTS) vulncheck: export GOFLAGS := $(FLAGS)
$(LINTS) vulncheck: export CGO_ENABLED := 0

lint-format:
	test -z "$$(gofmt -l $$(git ls-files -c --deduplicate '*.go') | tee /dev/stderr)"

lint-modules:
	$(GO) mod tidy -diff
	$(GO) mod verify

lint-documents:
	$(GO) run ./internal/asyncapi/cmd/asyncapigen --check

lint-code: $(LINTER)
	$(LINTER) run --allow-parallel-runners ./...
	cd tools && ../$(LINTER) run --allow-parallel-runners --config ../.golangci.yml ./testsum

# What compiles here may not where an int has 32 bits, not even in tests. Programs that
# embed an agent run on other systems, too.
lint-machines:
	GOARCH=arm GOARM=7 $(GO) vet . ./cmd/... ./client/... ./internal/...
	GOOS=darwin GOARCH=arm64 $(GO) build . ./client/...
	GOOS=windows GOARCH=amd64 $(GO) build . ./client/...

# Built from the versions that tools/go.mod pins, with the Go that builds the product.
$(LINTER): tools/go.mod tools/go.sum
	$(GO) -C tools build -ldflags='-s -w' -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: vulncheck
vulncheck: ## look for known vulnerabilities (says so when the database cannot be reached)
	scripts/vulncheck.sh

.PHONY: generate
generate: ## write the AsyncAPI documents again
	$(GO) run ./internal/asyncapi/cmd/asyncapigen

.PHONY: sizes
sizes: ## tell which functions are longer than we aim for
	@HELIOGRAPH_SIZES=1 $(GO) test -count=1 -v -run '^TestLengths$$' ./internal/arch | sed -n 's/^ *shape_test.go:[0-9]*: //p'

.PHONY: clean
clean: ## remove what was built
	rm -rf bin build

.PHONY: help
help: ## show this
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z0-9-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
