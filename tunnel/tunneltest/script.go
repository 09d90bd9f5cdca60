package tunneltest

import (
	"context"
	"net"
	"time"
)

// Action is what a step does once its data is written.
type Action uint8

// The actions.
const (
	Stay Action = iota // nothing
	FIN                // close the connection
	RST                // reset the connection
)

// Step is one write, or one end, of a script.
type Step struct {
	// At is when, since the request was read in full. A step never comes
	// before the one in front of it.
	At time.Duration
	// Data is handed to the connection in one Write. It may be empty.
	Data []byte
	// Events counts the application's events that are complete with Data.
	Events int
	// Do is done after the write.
	Do Action
}

// Script is an answer, byte by byte. The connection stays open behind it
// unless a step closes it.
type Script []Step

// Write is one step as it was played.
type Write struct {
	// At is the instant before the write, since the request was read in full.
	At time.Duration
	// Bytes were accepted by the connection.
	Bytes int
	// Blocked is how long the write took.
	Blocked time.Duration
	// Events counts the events that became complete.
	Events int
}

// play writes the script to c, with its times counted from start, reporting each
// write. It returns whether the connection is fit for another request, and the
// error that cut the play short.
func (s Script) play(ctx context.Context, c net.Conn, start time.Time, log func(Write)) (alive bool, err error) {
	for _, step := range s {
		if !sleep(ctx, step.At-time.Since(start)) {
			return false, ctx.Err()
		}
		if len(step.Data) > 0 {
			w := Write{At: time.Since(start), Events: step.Events}
			w.Bytes, err = c.Write(step.Data)
			w.Blocked = time.Since(start) - w.At
			log(w)
			if err != nil {
				return false, err
			}
		}
		switch step.Do {
		case FIN:
			c.Close()
			return false, nil
		case RST:
			abort(c)
			return false, nil
		}
	}
	return true, nil
}
