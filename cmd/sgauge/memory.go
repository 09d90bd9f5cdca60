package main

import "runtime"

// ballastBytes is counted as live by the garbage collector and costs no memory,
// since its pages are never touched. Our own heap is a few MiB, and a collector
// that may only let that double runs a hundred times a second under load.
const ballastBytes = 16 << 20

// withBallast runs f while the collector believes the heap to be larger.
func withBallast(f func() error) error {
	ballast := make([]byte, ballastBytes)
	defer runtime.KeepAlive(ballast)
	return f()
}
