package keylog

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// keyLine is a line that gives connection n its TLS 1.2 secret.
func keyLine(n int) string {
	var r random
	copy(r[:], fmt.Sprint("connection ", n))
	return fmt.Sprintf("CLIENT_RANDOM %x %x\n", r, fmt.Sprint("master ", n))
}

// find returns the secret that the file has for connection n.
func find(f *File, n int) string {
	_, r, _, _ := parseLine([]byte(keyLine(n)))
	s, _ := f.lookup(r)
	return string(s.master)
}

// newKeyFile returns a follower of a file that can be written to.
func newKeyFile(t testing.TB) (*File, string) {
	path := filepath.Join(t.TempDir(), "keys")
	return NewFile(path), path
}

func write(t *testing.T, path, text string, how int) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|how, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// The file is followed through whatever befalls it.
func TestFileIsFollowed(t *testing.T) {
	f, path := newKeyFile(t)
	has := func(when string, known ...int) {
		t.Helper()
		f.look(true)
		for _, n := range known {
			if got, want := find(f, n), fmt.Sprint("master ", n); got != want {
				t.Errorf("%s: connection %d has %q, want %q", when, n, got, want)
			}
		}
	}
	has("before it is there")
	write(t, path, "# comment\n\n"+keyLine(1), os.O_APPEND)
	has("when it appears", 1)
	line := keyLine(2)
	write(t, path, line[:50], os.O_APPEND)
	has("with half a line")
	write(t, path, line[50:], os.O_APPEND)
	has("with the other half", 1, 2)
	write(t, path, strings.Repeat("x", 3*maxLine)+"\nCLIENT_RANDOM zz 00\nCLIENT_RANDOM\n"+keyLine(3), os.O_APPEND)
	has("behind junk", 3)
	write(t, path, keyLine(4), os.O_TRUNC)
	has("emptied and begun anew", 1, 4)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	has("removed", 4)
	write(t, path, strings.ReplaceAll(keyLine(5)+keyLine(6), "\n", "\r\n"), os.O_APPEND)
	has("replaced, with other line ends", 4, 5, 6)
}

func TestLabels(t *testing.T) {
	f, path := newKeyFile(t)
	r := strings.Repeat("ab", 32)
	var text strings.Builder
	for i, label := range []string{
		"CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
		"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET", "RSA",
	} {
		fmt.Fprintf(&text, "%s %s %02x\n", label, r, i)
	}
	write(t, path, text.String(), os.O_APPEND)
	f.look(true)
	got, _ := f.lookup(random(bytes.Repeat([]byte{0xab}, 32)))
	want := secrets{early: []byte{0}, handshake: [2][]byte{{1}, {2}}, traffic: [2][]byte{{3}, {4}}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("secrets = %v, want %v", got, want)
	}
}

// A file of many connections is read in one go and only the latest are kept.
func TestManyLines(t *testing.T) {
	f, path := newKeyFile(t)
	const lines = 100_000
	var text strings.Builder
	for n := range lines {
		text.WriteString(keyLine(n))
	}
	write(t, path, text.String(), os.O_APPEND)
	f.look(true)
	if len(f.known) != maxConnections || len(f.order) != maxConnections {
		t.Errorf("%d connections kept, %d in order; want %d", len(f.known), len(f.order), maxConnections)
	}
	for _, n := range []int{lines - 1, lines - maxConnections} {
		if find(f, n) == "" {
			t.Errorf("connection %d is forgotten, one of the latest", n)
		}
	}
	if find(f, lines-maxConnections-1) != "" {
		t.Error("more are kept than there is room for")
	}
}

// A key is found soon after it was written, and looking for it costs ever less.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, path := newKeyFile(t)
		_, r, _, _ := parseLine([]byte(keyLine(1)))
		enough := func(s secrets) bool { return s.master != nil }
		start := time.Now()
		go func() {
			time.Sleep(10 * time.Second)
			write(t, path, keyLine(1), os.O_APPEND)
		}()
		_, ok := f.await(nil, r, enough)
		if took := time.Since(start); !ok || took < 10*time.Second || took > 10*time.Second+lastLook {
			t.Errorf("found %v after %v, want true within %v of 10s", ok, took, lastLook)
		}
		late := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(late) })
		start = time.Now()
		if _, ok := f.await(late, random{}, enough); ok || time.Since(start) != time.Second {
			t.Errorf("found %v after %v, want false after 1s", ok, time.Since(start))
		}
		start = time.Now()
		if _, ok := f.await(nil, random{}, enough); ok || time.Since(start) != keyPatience {
			t.Errorf("found %v after %v, want false after %v", ok, time.Since(start), keyPatience)
		}
	})
}

func TestMemory(t *testing.T) {
	var m memory
	m.put(nil, []byte("nothing"))
	for n := range maxSessions + 2 {
		m.put(fmt.Append(nil, n), fmt.Append(nil, "master ", n))
	}
	for n, want := range map[int]string{0: "", 1: "", 2: "master 2", maxSessions + 1: fmt.Sprint("master ", maxSessions+1)} {
		if got := string(m.get(fmt.Append(nil, n))); got != want {
			t.Errorf("session %d has %q, want %q", n, got, want)
		}
	}
	if m.get(nil) != nil || len(m.known) != maxSessions {
		t.Errorf("%d sessions, and one without a name: %q; want %d and none", len(m.known), m.get(nil), maxSessions)
	}
}

// FuzzFile: where the reads fall changes nothing, and nothing grows.
func FuzzFile(f *testing.F) {
	f.Add([]byte(keyLine(1)+"junk\n"+keyLine(2)), 7)
	f.Add([]byte(strings.Repeat("y", 2*maxLine)+"\n"+keyLine(3)), 1000)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		whole, cut := NewFile(""), NewFile("")
		whole.take(text)
		for rest := text; len(rest) > 0; {
			n := min(max(size%2000, 1), len(rest))
			cut.take(rest[:n])
			rest = rest[n:]
			if len(cut.partial) > maxLine {
				t.Fatalf("%d bytes of a line held", len(cut.partial))
			}
		}
		if len(whole.known) != len(cut.known) {
			t.Errorf("%d connections known, cut %d", len(whole.known), len(cut.known))
		}
		for r, s := range whole.known {
			if got := cut.known[r]; got == nil || fmt.Sprint(*got) != fmt.Sprint(*s) {
				t.Errorf("connection %s: %v, cut %v", hex.EncodeToString(r[:]), s, got)
			}
		}
	})
}

func TestPlace(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	place, err := NewPlace()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Stat(place.File())
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.Stat(filepath.Dir(place.File()))
	if err != nil || file.Mode().Perm() != 0o600 || dir.Mode().Perm() != 0o700 {
		t.Errorf("modes %v in %v (%v), want 0600 in 0700", file.Mode(), dir.Mode(), err)
	}
	open, err := os.Open(place.File())
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	write(t, place.File(), keyLine(1), os.O_APPEND)
	RemoveLeftovers() // not ours
	if err := place.Remove(); err != nil {
		t.Fatal(err)
	}
	if info, err := open.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("an open file still has %d bytes (%v)", info.Size(), err)
	}
	if _, err := os.Stat(filepath.Dir(place.File())); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}
