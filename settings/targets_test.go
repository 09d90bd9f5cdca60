package settings

import (
	"slices"
	"strings"
	"testing"
)

func TestValidateTargets(t *testing.T) {
	for _, tt := range []struct{ about, name, base, wrong string }{
		{"target", "lab", "https://lab.example:8443/api/", ""},
		{"target by address", "a-1.b_c", "http://[fe80::1]:11434", ""},
		{"target known to the gateway", "openai", "http://127.0.0.1:8080", ""},
		{"target reserved", "https", "https://h", "targets"},
		{"target of redirects", "redirected", "https://h", "targets"},
		{"target in capitals", "Lab", "https://h", "targets"},
		{"target with slash", "a/b", "https://h", "targets"},
		{"target of dots", "..", "https://h", "targets"},
		{"target without name", "", "https://h", "targets"},
		{"target with a long name", strings.Repeat("a", 64), "https://h", "targets"},
		{"target without URL", "lab", "", "targets"},
		{"target of another scheme", "lab", "ftp://h", "targets"},
		{"target without scheme", "lab", "h:443", "targets"},
		{"target without host", "lab", "https:///v1", "targets"},
		{"target with user", "lab", "https://ann:canary@h", "targets"},
		{"target with a broken port", "lab", "https://h:70000", "targets"},
		{"target with query", "lab", "https://h/?key=canary", "targets"},
		{"target with fragment", "lab", "https://h/#x", "targets"},
		{"target with line end", "lab", "https://h/\r\n", "targets"},
		{"target is ourselves", "lab", "http://localhost:1889/https", "targets"},
	} {
		t.Run(tt.about, func(t *testing.T) {
			s := Default()
			s.Targets = map[string]string{tt.name: tt.base}
			err := s.Validate()
			if got := wrongFields(err); !slices.Equal(got, strings.Fields(tt.wrong)) {
				t.Errorf("wrong fields = %q, want %q", got, tt.wrong)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}
