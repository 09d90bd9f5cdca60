# make run    build and start Streamgauge's demo (works offline)
# make test   every test that needs nothing but Go
# make build  bin/sgauge
# make bench  the benchmarks, with allocations
# make fuzz   each fuzz target for FUZZTIME (60s)
# make clean  remove what the others made

GO       ?= go
FUZZTIME ?= 60s
# Flags for make test, e.g. TESTFLAGS=-v.
TESTFLAGS ?=

# The terminal program and all tests are pure Go: no compiler is needed.
export CGO_ENABLED = 0

.DEFAULT_GOAL := build

.PHONY: run test build bench fuzz clean ready

run: build
	bin/sgauge demo

test: ready
	$(GO) test $(TESTFLAGS) ./...

build: ready
	$(GO) build -trimpath -o bin/sgauge ./cmd/sgauge

bench: ready
	$(GO) test -run '^$$' -bench . -benchmem ./...

fuzz: ready
	GO=$(GO) .ci/fuzz $(FUZZTIME)

# A machine that lacks something is told what, in words.
ready:
	@GO=$(GO) .ci/ready

clean:
	rm -rf bin dist
