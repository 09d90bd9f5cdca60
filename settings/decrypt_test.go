package settings

import (
	"errors"
	"strings"
	"testing"
)

func TestDecryptEntries(t *testing.T) {
	for entry, code := range map[string]string{
		"api.example.com": "", "*.example.com": "", "127.0.0.1": "", "::1": "", "[::1]": "", "例子.中国": "", "API.Example.com.": "", "under_score.example": "",
		"": "decrypt_empty", " ": "decrypt_empty",
		"a.example, b.example": "decrypt_several", "a.example b.example": "decrypt_several",
		"https://api.example.com": "decrypt_url",
		"*":                       "decrypt_all", "*.": "decrypt_all",
		"api.example.com:443": "decrypt_form", "*.127.0.0.1": "decrypt_form", ".example.com": "decrypt_form", "a.*.example": "decrypt_form",
		"*.*.example": "decrypt_form", "*example.com": "decrypt_form", "10.0.0.0/8": "decrypt_form", "user@example.com": "decrypt_form", "..": "decrypt_form",
	} {
		s := Default()
		s.Decrypt = []string{entry}
		var field *FieldError
		got := ""
		if err := s.Validate(); errors.As(err, &field) {
			got = field.Code
			if field.Field != "decrypt" || field.Problem == "" || field.Remedy == "" {
				t.Errorf("%q: %+v", entry, field)
			}
		}
		if got != code {
			t.Errorf("%q: code %q, want %q", entry, got, code)
		}
	}
	s := Default()
	s.Decrypt = []string{"a.example"}
	if c := s.Clone(); &c.Decrypt[0] == &s.Decrypt[0] {
		t.Error("a clone shares the list")
	}
}

func TestDecryptURLHidesPassword(t *testing.T) {
	s := Default()
	s.Decrypt = []string{"https://ann:canary@api.example.com"}
	if err := s.Validate(); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("error %v, want one without the password", err)
	}
}
