//go:build unix

package intake

import (
	"io"
	"testing"
)

func TestWaitingReaderHoldsNoBuffer(t *testing.T) {
	near, far := connected(t)
	r := reading(near)
	if _, err := io.WriteString(far, "x"); err != nil {
		t.Fatal(err)
	}
	if p, err := r.Next(nil); string(p) != "x" || err != nil {
		t.Fatalf("next = %q, %v; want x", p, err)
	}
	_ = r.raw.Control(func(fd uintptr) {
		if r.attempt(fd) || r.buf != nil {
			t.Errorf("with nothing to read the attempt holds %v, want no buffer and a wait", r.buf)
		}
	})
}

func TestReady(t *testing.T) {
	near, far := connected(t)
	r := reading(near)
	if p, err, ok := r.Ready(); ok {
		t.Fatalf("ready with %q, %v though nothing was sent", p, err)
	}
	if _, err := io.WriteString(far, "x"); err != nil {
		t.Fatal(err)
	}
	if p, err := r.Next(nil); string(p) != "x" || err != nil {
		t.Fatalf("next = %q, %v; want x", p, err)
	}
	far.Close()
	if _, err := r.Next(nil); err != io.EOF {
		t.Fatalf("next = %v, want EOF", err)
	}
	if p, err, ok := r.Ready(); !ok || err != io.EOF {
		t.Errorf("ready = %q, %v, %v; want EOF", p, err, ok)
	}
	if _, _, ok := reading(opaque{near}).Ready(); ok {
		t.Error("ready where it cannot be told")
	}
}
