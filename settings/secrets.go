package settings

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"streamgauge/tunnel"
)

// The variables that are asked for a password before the keyring is.
const (
	EnvUpstreamPassword = "SGAUGE_UPSTREAM_PASSWORD"
	EnvListenPassword   = "SGAUGE_LISTEN_PASSWORD"
)

// Causes a caller may branch on.
var (
	// ErrNoSecret: there is a keyring, but not this password in it.
	ErrNoSecret = errors.New("no password stored")
	// ErrNoKeyring: nothing answers that could keep a password. It can be given
	// by environment variable or asked for on each run.
	ErrNoKeyring = errors.New("no keyring answers")
)

// Secrets keeps passwords by account. [Keyring] is the one of the system.
type Secrets interface {
	// Get returns the password of account, or ErrNoSecret, or ErrNoKeyring.
	Get(account string) (string, error)
	// Set stores it, replacing an earlier one.
	Set(account, password string) error
	// Delete forgets it. Forgetting what was not stored is no error.
	Delete(account string) error
}

// SecretError says which password could not be had and what to do instead. It
// wraps ErrNoSecret or ErrNoKeyring where one of them is the reason.
type SecretError struct {
	// Account as in [UpstreamAccount] or [ListenAccount].
	Account string
	// Remedy is a hint to show beside the error.
	Remedy string
	Err    error
}

// Error returns account and cause on one line; the remedy is apart.
func (e *SecretError) Error() string { return fmt.Sprintf("password for %q: %v", e.Account, e.Err) }

// Unwrap returns the cause.
func (e *SecretError) Unwrap() error { return e.Err }

// UpstreamAccount is the name under which the password of up is kept, e.g.
// "upstream socks5://user@host:1080".
func UpstreamAccount(up tunnel.Upstream) string {
	u := url.URL{Scheme: string(up.Scheme), User: url.User(up.User), Host: up.Addr()}
	return "upstream " + u.String()
}

// ListenAccount is the name under which the password of user, with which
// programs log in to this proxy, is kept.
func ListenAccount(user string) string { return "listen " + user }

// ResolveUpstream returns the upstream with its password, taken from the
// environment or from secrets, which may be nil. It asks for none when there is
// no user name or the protocol has no passwords. With a *SecretError the
// upstream is returned too, complete but for the password, so that the caller
// may ask for it.
func (s Settings) ResolveUpstream(secrets Secrets) (tunnel.Upstream, error) {
	up, err := tunnel.ParseUpstream(s.Upstream)
	if err != nil {
		return tunnel.Upstream{}, err
	}
	if up.User == "" || up.Scheme == tunnel.SOCKS4A || up.Password != "" {
		return up, nil
	}
	up.Password, err = lookup(secrets, UpstreamAccount(up), EnvUpstreamPassword)
	return up, err
}

// ResolveListenPassword returns the password programs must give together with
// s.ListenUser; empty, without asking, when there is no user. A user without a
// password is a *SecretError: a proxy that is open by mistake must not start.
func (s Settings) ResolveListenPassword(secrets Secrets) (string, error) {
	if s.ListenUser == "" {
		return "", nil
	}
	return lookup(secrets, ListenAccount(s.ListenUser), EnvListenPassword)
}

// lookup asks the environment, then secrets. An empty password counts as none.
func lookup(secrets Secrets, account, env string) (string, error) {
	if password := os.Getenv(env); password != "" {
		return password, nil
	}
	err := ErrNoKeyring
	if secrets != nil {
		var password string
		if password, err = secrets.Get(account); err == nil && password != "" {
			return password, nil
		}
	}
	if err == nil {
		err = ErrNoSecret
	}
	return "", &SecretError{
		Account: account,
		Remedy:  "set the environment variable " + env + ", or enter the password when asked",
		Err:     err,
	}
}

// SplitPassword takes the password out of an upstream URL: "http://u:p@h:1"
// gives "http://u@h:1" and "p". A URL without one is returned as it is. From
// text that is no upstream no password is taken, but clean is still fit to be
// shown: whatever may be one is cut out.
func SplitPassword(upstream string) (clean, password string) {
	up, err := tunnel.ParseUpstream(upstream)
	if err != nil {
		return hideCredentials(upstream), ""
	}
	if up.Password == "" {
		return upstream, ""
	}
	u := url.URL{Scheme: string(up.Scheme), User: url.User(up.User), Host: up.Addr()}
	return u.String(), up.Password
}

// hideCredentials cuts everything between the first colon after the scheme and
// the last at sign, whether or not the rest makes sense.
func hideCredentials(s string) string {
	scheme, rest, found := strings.Cut(s, "://")
	if found {
		scheme += "://"
	} else {
		scheme, rest = "", s
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return s
	}
	user, _, _ := strings.Cut(rest[:at], ":")
	return scheme + user + rest[at:]
}
