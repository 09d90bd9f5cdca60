package settings

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

// FuzzFile: whatever the file holds, reading it gives valid settings or an
// error; a change written over it reads back as that change; and what this
// version does not know is still there.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `[]`, `{"version": 2}`, `{"version": 1, "future": {"a": [1, null, 2.50]}, "future": 1}`,
		`{"listen": "0.0.0.0:1", "listen_user": 3, "upstream": "http://u:p@h:1", "bypass": ["*", "a b"]}`,
		`{"upstream": "http://127.0.0.1:1889", "connect_timeout": "10s", "keep_chunks": 1e9, "": {}}`,
		"\ufeff{\"listen\": null, \"Listen\": \"\\ud800\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := parseDocument(data)
		if err != nil {
			return
		}
		now, _, err := doc.settings()
		if err != nil {
			return
		}
		if err := now.Validate(); err != nil {
			t.Fatalf("settings of a file are not valid: %v", err)
		}
		next := now.Clone()
		next.ListenUser, next.KeepChunks = "ann", 77
		if next.Validate() != nil {
			t.Fatal("a user name and a count made valid settings invalid")
		}
		before := unknown(doc)
		if err := doc.merge(next); err != nil {
			t.Fatal(err)
		}
		text, err := doc.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseDocument(text)
		if err != nil {
			t.Fatalf("written file does not read: %v\n%s", err, text)
		}
		got, _, err := again.settings()
		if err != nil {
			t.Fatal(err)
		}
		checkSettings(t, got, next)
		if _, found := again.upstreamWithPassword(); found {
			t.Errorf("a password was written:\n%s", text)
		}
		if after := unknown(again); !slices.Equal(after, before) {
			t.Errorf("unknown fields %q became %q", before, after)
		}
	})
}

// unknown lists the members that are no setting, without insignificant space.
func unknown(doc *document) []string {
	var all []string
	for _, m := range doc.members {
		if m.name == versionField || slices.Contains(fieldNames, m.name) {
			continue
		}
		var value bytes.Buffer
		if json.Compact(&value, m.value) != nil {
			value.Write(m.value)
		}
		all = append(all, m.name+"="+value.String())
	}
	return all
}
