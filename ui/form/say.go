package form

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"streamgauge/settings"
	"streamgauge/tunnel"
	"streamgauge/ui/words"
)

// sayError says what is wrong with a field and what to write instead. An error
// that has no words in the language chosen is said in English.
func sayError(e *settings.FieldError) string {
	values := words.Values{"Value": e.Value}
	for name, value := range e.Values {
		values[name] = value
	}
	key := "form.error." + e.Code
	if text := words.T(key, values); e.Code != "" && text != key {
		return text
	}
	text := sentence(e.Problem)
	if e.Remedy != "" {
		text += " " + sentence(e.Remedy)
	}
	return text
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if s = string(unicode.ToUpper(first)) + s[size:]; !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// causes are the causes of a failure that have words of their own.
var causes = []struct {
	err error
	key string
}{
	{tunnel.ErrLoop, "loop"},
	{tunnel.ErrNameNotFound, "name"},
	{tunnel.ErrRefused, "refused"},
	{tunnel.ErrUnreachable, "unreachable"},
	{tunnel.ErrTimeout, "timeout"},
	{tunnel.ErrUpstreamAuth, "auth"},
	{tunnel.ErrUpstreamNeeds, "needs"},
	{tunnel.ErrUpstreamDenied, "denied"},
	{tunnel.ErrUpstreamFailed, "failed"},
	{tunnel.ErrNotThisProtocol, "protocol"},
	{tunnel.ErrCertificate, "certificate"},
	{tunnel.ErrClosed, "closed"},
	{tunnel.ErrBadResponse, "response"},
	{settings.ErrNoSecret, "secret"},
	{settings.ErrNoKeyring, "keyring"},
}

// sayFailure says in plain words why a path did not work and what to look at.
func sayFailure(err error) string {
	for _, c := range causes {
		if errors.Is(err, c.err) {
			return words.T("form.cause."+c.key, words.Values{"Where": whereFailed(err)})
		}
	}
	var failure *tunnel.Failure
	if errors.As(err, &failure) && failure.Sentence != "" {
		return failure.Sentence
	}
	return sentence(err.Error())
}

// whereFailed is the address of who is to blame.
func whereFailed(err error) string {
	var failure *tunnel.Failure
	switch {
	case !errors.As(err, &failure):
		return words.T("form.test.path")
	case failure.Step.OfUpstream() || failure.Step == tunnel.StepLookup && !failure.Upstream.IsDirect():
		return failure.Upstream.Addr()
	}
	return failure.Target
}
