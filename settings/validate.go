package settings

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"streamgauge/tunnel"
)

// FieldError says what is wrong with one field. It holds no password.
type FieldError struct {
	// Field is spelled as in the file.
	Field string
	// Value is what was given, shortened and without a password; empty where
	// showing it would help nobody.
	Value string
	// Code names the kind of error, for whoever says it in another language:
	// "listen_port". It stays when the English words change; empty where there
	// is none.
	Code string
	// Values are the words of Problem and Remedy that depend on the case, by
	// name: "Low", "High". Nil where there are none.
	Values map[string]string
	// Problem completes the sentence "the field …".
	Problem string
	// Remedy says what to write instead: a hint to show beside the error.
	Remedy string
}

// Error returns field, value and problem on one line; the remedy is apart.
func (e *FieldError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("setting %s: %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("setting %s %q: %s", e.Field, e.Value, e.Problem)
}

// Validate checks every field, alone and against the others, and joins one
// *FieldError for each thing wrong; nil if nothing is. It does no I/O except
// that it asks for this machine's addresses when listening on all of them.
// Whether passwords exist is not its business: [Settings.ResolveListenPassword]
// tells.
func (s Settings) Validate() error {
	var errs []error
	for _, e := range s.problems() {
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

// problems is Validate with the errors apart, in the order of the fields.
func (s Settings) problems() []*FieldError {
	var all []*FieldError
	add := func(e *FieldError) {
		if e != nil {
			all = append(all, e)
		}
	}
	add(s.checkListen())
	add(checkListenUser(s.ListenUser))
	add(s.checkUpstream())
	for _, up := range s.RecentUpstreams {
		add(checkRecent(up))
	}
	for _, entry := range s.Bypass {
		add(checkBypass(entry))
	}
	all = append(all, s.checkTargets()...)
	add(checkTimeout("connect_timeout", s.ConnectTimeout))
	add(checkTimeout("handshake_timeout", s.HandshakeTimeout))
	add(checkTimeout("dial_timeout", s.DialTimeout))
	add(checkIdle(s.TunnelIdleTimeout))
	for _, entry := range s.Decrypt {
		add(checkDecrypt("decrypt", entry))
	}
	for _, entry := range s.DecryptOff {
		add(checkDecrypt("decrypt_off", entry))
	}
	add(checkCount("keep_exchanges", s.KeepExchanges, 1, 100_000))
	add(checkCount("keep_chunks", s.KeepChunks, 2, 1_000_000))
	add(checkChoice("language", s.Language, Languages()))
	add(checkChoice("theme", s.Theme, Themes()))
	return all
}

// checkListenUser applies the limits of the two ways a client can log in: one
// length byte (RFC 1929 §2) and no colon (RFC 7617 §2).
func checkListenUser(user string) *FieldError {
	e := &FieldError{Field: "listen_user", Value: shorten(user)}
	switch {
	case len(user) > 255:
		e.Code, e.Problem, e.Remedy = "user_long", "is longer than 255 bytes", "choose a shorter name"
	case strings.Contains(user, ":"):
		// What follows the colon may be a password.
		e.Value, _, _ = strings.Cut(e.Value, ":")
		e.Code, e.Problem = "user_colon", "contains a colon"
		e.Remedy = "give the name alone; its password goes into the keyring or " + EnvListenPassword
	case strings.ContainsFunc(user, isControl):
		e.Code, e.Problem, e.Remedy = "user_control", "contains a control character", "choose a name without it"
	default:
		return nil
	}
	return e
}

func (s Settings) checkUpstream() *FieldError {
	clean, password := SplitPassword(s.Upstream)
	e := &FieldError{Field: "upstream", Value: shorten(clean)}
	up, err := tunnel.ParseUpstream(s.Upstream)
	switch {
	case password != "":
		e.Code, e.Problem = "upstream_password", "contains a password"
		e.Remedy = "write " + shorten(clean) + "; the password goes into the keyring or " + EnvUpstreamPassword
	case err != nil:
		e.Code, e.Values = upstreamCode(err)
		e.Problem = strings.TrimPrefix(err.Error(), "upstream ")
		e.Remedy = `write direct, or a URL such as socks5://127.0.0.1:1080 or http://proxy.example:3128`
	case leadsBack(s.Listen, up):
		e.Code, e.Problem = "upstream_self", "is the address this proxy listens on itself"
		e.Remedy = "give the address of the other proxy, or direct"
	default:
		return nil
	}
	return e
}

// checkRecent asks only for what could be shown and tried: whether it leads back
// to us is seen when it is chosen.
func checkRecent(upstream string) *FieldError {
	clean, password := SplitPassword(upstream)
	if _, err := tunnel.ParseUpstream(upstream); err == nil && password == "" {
		return nil
	}
	return &FieldError{
		Field: "recent_upstreams", Value: shorten(clean), Code: "recent",
		Problem: "has an entry that is no upstream without a password",
		Remedy:  "take it out; it is written anew as upstreams are used",
	}
}

// upstreamCode takes the code and the faulty word out of what ParseUpstream says.
func upstreamCode(err error) (string, map[string]string) {
	var malformed *tunnel.UpstreamError
	if !errors.As(err, &malformed) {
		return "", nil
	}
	return "upstream_" + malformed.Part, map[string]string{"Word": shorten(malformed.Word)}
}

// The bounds of timeouts: below, a healthy path fails by chance; above, the
// user believes that the program hangs.
const (
	minTimeout = Duration(100 * time.Millisecond)
	maxTimeout = Duration(10 * time.Minute)
)

func checkTimeout(field string, d Duration) *FieldError {
	if d >= minTimeout && d <= maxTimeout {
		return nil
	}
	return &FieldError{
		Field: field, Value: d.String(), Code: "timeout_range",
		Values:  map[string]string{"Low": minTimeout.String(), "High": maxTimeout.String()},
		Problem: fmt.Sprintf("is not between %s and %s", minTimeout, maxTimeout),
		Remedy:  `write a duration with its unit, e.g. "10s"`,
	}
}

func checkIdle(d Duration) *FieldError {
	if d == 0 || d >= Duration(time.Second) {
		return nil
	}
	return &FieldError{
		Field: "tunnel_idle_timeout", Value: d.String(), Code: "idle_short",
		Problem: "is shorter than 1s",
		Remedy:  `write a longer one, e.g. "15m", or "0s" to keep silent tunnels for ever`,
	}
}

func checkCount(field string, n, low, high int) *FieldError {
	if n >= low && n <= high {
		return nil
	}
	return &FieldError{
		Field: field, Value: fmt.Sprint(n), Code: "count_range",
		Values:  map[string]string{"Low": strconv.Itoa(low), "High": strconv.Itoa(high)},
		Problem: fmt.Sprintf("is not between %d and %d", low, high),
		Remedy:  fmt.Sprintf("write a number from %d to %d", low, high),
	}
}

func checkChoice(field, choice string, choices []string) *FieldError {
	if slices.Contains(choices, choice) {
		return nil
	}
	list := strings.Join(choices, ", ")
	return &FieldError{
		Field: field, Value: shorten(choice), Code: "choice", Values: map[string]string{"Choices": list},
		Problem: "is not one of " + list,
		Remedy:  "write " + choices[0] + ", or leave the field out",
	}
}

const maxShown = 120 // bytes of a value repeated in an error

// shorten cuts s for an error message.
func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "…"
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
