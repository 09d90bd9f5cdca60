# make run      build and start Streamgauge; where there is no display, its demo
# make test     every test that needs nothing but Go
# make build    both programs: bin/streamgauge (desktop), bin/sgauge (terminal)
# make sgauge   the terminal program alone, which needs nothing but Go
# make package  what people are given, in dist/
# make bench    the benchmarks, with allocations
# make fuzz     each fuzz target for FUZZTIME (60s)
# make clean    remove what the others made

GO       ?= go
FUZZTIME ?= 60s
# Flags for make test, e.g. TESTFLAGS=-v.
TESTFLAGS ?=

# The terminal program and all tests are pure Go: no compiler is needed.
export CGO_ENABLED = 0

# All packages but the one program that is not. The toolkit's tag ci would build
# that too, but takes the system's fonts away.
pure = $$($(GO) list -tags ci ./... | grep -v '/cmd/streamgauge$$')

.DEFAULT_GOAL := build

.PHONY: run test build sgauge streamgauge package bench fuzz clean ready desktop

run: ready
	@GO=$(GO) .ci/start

test: ready
	$(GO) test $(TESTFLAGS) $(pure)

build: sgauge streamgauge

sgauge: ready
	$(GO) build -trimpath -o bin/sgauge ./cmd/sgauge

streamgauge: ready desktop
	CGO_ENABLED=1 $(GO) build -trimpath -tags migrated_fynedo -o bin/streamgauge ./cmd/streamgauge

package: ready desktop
	GO=$(GO) .ci/package

bench: ready
	$(GO) test -run '^$$' -bench . -benchmem $(pure)

fuzz: ready
	GO=$(GO) .ci/fuzz $(FUZZTIME)

# A machine that lacks something is told what, in words.
ready:
	@GO=$(GO) .ci/ready

desktop: ready
	@.ci/desktop

clean:
	rm -rf bin dist
