package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// interruptible returns a context that an interrupt or a request to terminate
// ends. The second of them ends the process at once.
func interruptible() (ctx context.Context, stop func()) {
	ctx, stop = signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // signals have their ordinary effect again
	return ctx, stop
}
