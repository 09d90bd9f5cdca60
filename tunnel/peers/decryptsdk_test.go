//go:build peers && linux

package peers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSDKsDecrypted: the official clients, unmodified and told of nothing but
// their API's address, stream through an opened tunnel with the numbers that
// the script has.
func TestSDKsDecrypted(t *testing.T) {
	node := newNode(t, 24)
	for name, s := range sdks {
		t.Run(name, func(t *testing.T) {
			a, config := secured(t)
			o := newModelOrigin(t, s, config)
			open := newOpening(t, writeFile(t, t.TempDir(), "ca.pem", a.pem))
			record := filepath.Join(t.TempDir(), "record.ndjson")
			cmd := exec.Command(sgauge, "run", "--no-keylog", "--settings", open.settings, "--decrypt", "localhost", "--record", record,
				"--", node, writeFile(t, t.TempDir(), "ask.js", s.program()))
			cmd.Env = append(open.env, s.variable+"=https://"+o.addr+s.base)
			spans := readEvents(t, o, s, cmd)
			o.asked(t, s)
			text, err := os.ReadFile(record)
			if err != nil || strings.Contains(string(text), apiKey) {
				t.Errorf("the recording has the key, %v", err)
			}
			ex := only(t, parse(t, text), "opened", func(ex exchange) bool { return ex.Kind == "decrypted" })
			if want := "https://" + o.addr + s.path; ex.URL != want || ex.End != "complete" {
				t.Errorf("recorded %s %s, want %s complete", ex.URL, ex.End, want)
			}
			checkTimes(t, ex, spans)
			checkNumbers(t, ex, s, spans)
		})
	}
}
