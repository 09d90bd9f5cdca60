package main

import (
	"io"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The garbage collector's settings. Our own heap is a few MiB, and a collector
// that may only let that double runs a hundred times a second under load; with
// thousands of streams open, one that may let it double holds memory for
// nothing. So it takes the heap to be larger by a ballast, which costs no
// memory since its pages are never touched, and lets that sum grow by half.
const (
	ballastBytes = 32 << 20
	growPercent  = 50
)

// A process that was busy and has come to rest gives its memory back at once,
// instead of over minutes. It is looked at so often, and is busy if it has
// allocated so much meanwhile.
const (
	lookInterval = 3 * time.Second
	busyBytes    = 4 << 20
)

// inOurProcess runs f with the settings of a whole process: memory, unless GOGC
// in the environment says otherwise, and the standard logger, to which net/http
// writes what strange origins send, which is nobody's to read.
func inOurProcess(f func() error) error {
	log.SetOutput(io.Discard)
	if os.Getenv("GOGC") != "" {
		return f()
	}
	debug.SetGCPercent(growPercent)
	ballast := make([]byte, ballastBytes)
	defer runtime.KeepAlive(ballast)
	stop := make(chan struct{})
	defer close(stop)
	go giveBack(stop)
	return f()
}

// giveBack returns memory to the system whenever the process comes to rest,
// until stop is closed.
func giveBack(stop <-chan struct{}) {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	var seen uint64
	busy := false
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		allocated := allocatedBytes()
		switch {
		case allocated-seen >= busyBytes:
			busy = true
		case busy:
			busy = false
			debug.FreeOSMemory()
		}
		seen = allocated
	}
}

// allocatedBytes returns how much the process has allocated in all.
func allocatedBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
