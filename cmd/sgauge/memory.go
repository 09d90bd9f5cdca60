package main

import (
	"os"
	"runtime"
	"runtime/debug"
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

// withMemory runs f under these settings. GOGC in the environment wins.
func withMemory(f func() error) error {
	if os.Getenv("GOGC") != "" {
		return f()
	}
	debug.SetGCPercent(growPercent)
	ballast := make([]byte, ballastBytes)
	defer runtime.KeepAlive(ballast)
	return f()
}
