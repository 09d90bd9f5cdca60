package upstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tunneltest"
)

const canary = "s3cr3t-canary"

// failureOf dials and returns why it failed, having checked what holds for all
// failures.
func failureOf(t *testing.T, d *Dialer, origin string) *tunnel.Failure {
	t.Helper()
	c, err := d.Dial(t.Context(), origin)
	if err == nil {
		c.Close()
		t.Fatal("dial succeeded")
	}
	f, ok := errors.AsType[*tunnel.Failure](err)
	if !ok {
		t.Fatalf("error is a %T, want a *tunnel.Failure", err)
	}
	if all := fmt.Sprintf("%v %+v %s", f, *f, f.Sentence); strings.Contains(all, canary) || f.Upstream.User != "" {
		t.Errorf("credentials in %s", all)
	}
	if f.Sentence == "" || strings.HasSuffix(f.Error(), "<nil>") {
		t.Errorf("nothing is said: %q, %q", f.Sentence, f.Error())
	}
	return f
}

type failureTest struct {
	name     string
	upstream string         // host is proxy.test, which is 10.0.0.1
	serve    func(net.Conn) // the upstream; nil: nobody listens
	step     tunnel.Step
	cause    error
	sentence string
}

func (tt failureTest) run(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNet()
		d := newDialer(t, n, tt.upstream, Config{})
		if tt.serve != nil {
			serve(t, n, d.cfg.Upstream.Addr(), tt.serve)
		}
		tt.check(t, failureOf(t, d, "origin.test:443"))
	})
}

func (tt failureTest) check(t *testing.T, f *tunnel.Failure) {
	t.Helper()
	if f.Step != tt.step || f.Cause != tt.cause {
		t.Errorf("step, cause = %v, %v, want %v, %v (%v)", f.Step, f.Cause, tt.step, tt.cause, f.Err)
	}
	if f.Sentence != tt.sentence {
		t.Errorf("sentence = %s\nwant       %s", f.Sentence, tt.sentence)
	}
}

const needsScheme = " accepted the connection but does not speak "

func TestSOCKS5Failures(t *testing.T) {
	const (
		bare = "socks5://proxy.test:1080"
		user = "socks5://me:" + canary + "@proxy.test:1080"
	)
	replied := func(code string) func(net.Conn) {
		return talk("\x05\x00", "\x05"+code+"\x00\x01\x00\x00\x00\x00\x00\x00")
	}
	at := tunnel.StepHandshake
	for _, tt := range []failureTest{
		{"http answers", bare, talk("HTTP/1.1 400 Bad Request\r\n\r\n"), at, tunnel.ErrNotThisProtocol, "proxy.test:1080 accepted the connection but does not speak SOCKS5: is it an HTTP proxy?"},
		{"html answers", bare, talk("<html>"), at, tunnel.ErrNotThisProtocol, "proxy.test:1080" + needsScheme + "SOCKS5: is it an HTTP proxy?"},
		{"one byte of http", bare, talk("H"), at, tunnel.ErrNotThisProtocol, "proxy.test:1080" + needsScheme + "SOCKS5: is it an HTTP proxy?"},
		{"tls answers", bare, talk("\x15\x03\x01\x00\x02\x02\x46"), at, tunnel.ErrNotThisProtocol, "proxy.test:1080" + needsScheme + "SOCKS5: it answers in TLS; is it an https:// upstream?"},
		{"socks4 answers", bare, talk("\x00\x5b\x00\x00\x00\x00\x00\x00"), at, tunnel.ErrNotThisProtocol, "proxy.test:1080" + needsScheme + "SOCKS5: is it a socks4a:// upstream?"},
		{"ssh answers", bare, talk("SSH-2.0-x\r\n"), at, tunnel.ErrNotThisProtocol, "proxy.test:1080" + needsScheme + "SOCKS5: check the upstream's scheme and port."},
		{"silence", bare, stay(), at, tunnel.ErrTimeout, "proxy.test:1080 accepted the connection but said nothing within 10s: does it speak SOCKS5, or is it an HTTP proxy?"},
		{"closes", bare, talk(""), at, tunnel.ErrClosed, "proxy.test:1080 closed the connection without an answer: does it speak SOCKS5, or is it an HTTP proxy?"},
		{"resets", bare, func(c net.Conn) { c.(*tunneltest.Conn).Reset() }, at, tunnel.ErrClosed, "proxy.test:1080 closed the connection without an answer: does it speak SOCKS5, or is it an HTTP proxy?"},
		{"needs password", bare, talk("\x05\xff"), at, tunnel.ErrUpstreamNeeds, "proxy.test:1080 asks for a user name and password: add them to the upstream."},
		{"insists on password", bare, stay("\x05\x02"), at, tunnel.ErrUpstreamNeeds, "proxy.test:1080 asks for a user name and password: add them to the upstream."},
		{"needs another method", user, talk("\x05\xff"), at, tunnel.ErrUpstreamAuth, "proxy.test:1080 takes neither a user name and password nor none: it asks for another kind of authentication."},
		{"chooses gssapi", user, talk("\x05\x01"), at, tunnel.ErrBadResponse, "proxy.test:1080 gave an answer that breaks the rules of SOCKS5: check the upstream's scheme and port."},
		{"refuses password", user, talk("\x05\x02", "\x01\x01"), at, tunnel.ErrUpstreamAuth, "proxy.test:1080 refuses the user name or password: check them in the upstream."},
		{"hangs up on password", user, talk("\x05\x02", ""), at, tunnel.ErrUpstreamAuth, "proxy.test:1080 refuses the user name or password: check them in the upstream."},
		{"is silent on password", user, stay("\x05\x02"), at, tunnel.ErrTimeout, "The upstream proxy.test:1080 did not get through to origin.test:443 within 10s."},
		{"accepts password, then refuses", user, talk("\x05\x02", "\x01\x00", "\x05\x05\x00\x01"), at, tunnel.ErrUpstreamFailed, "The upstream proxy.test:1080 was refused by origin.test:443 (SOCKS5 reply 5): is the server there running, and is the port right?"},
		{"reply 1", bare, replied("\x01"), at, tunnel.ErrUpstreamFailed, "The upstream proxy.test:1080 could not reach origin.test:443, without saying why (SOCKS5 reply 1, general failure)."},
		{"reply 2", bare, replied("\x02"), at, tunnel.ErrUpstreamDenied, "The upstream proxy.test:1080 does not allow connections to origin.test:443 (SOCKS5 reply 2): check its rules."},
		{"reply 3", bare, replied("\x03"), at, tunnel.ErrUpstreamFailed, "The upstream proxy.test:1080 has no route to the network of origin.test:443 (SOCKS5 reply 3)."},
		{"reply 4", bare, replied("\x04"), at, tunnel.ErrUpstreamFailed, "The upstream proxy.test:1080 cannot reach origin.test:443 (SOCKS5 reply 4, host unreachable): is the name right?"},
		{"reply 5", bare, replied("\x05"), at, tunnel.ErrUpstreamFailed, "The upstream proxy.test:1080 was refused by origin.test:443 (SOCKS5 reply 5): is the server there running, and is the port right?"},
		{"reply 6", bare, replied("\x06"), at, tunnel.ErrUpstreamFailed, "The upstream proxy.test:1080 did not get through to origin.test:443 in time (SOCKS5 reply 6, TTL expired)."},
		{"reply 7", bare, replied("\x07"), at, tunnel.ErrUpstreamFailed, "The upstream proxy.test:1080 does not support the CONNECT command, asked for origin.test:443 (SOCKS5 reply 7)."},
		{"reply 8", bare, replied("\x08"), at, tunnel.ErrUpstreamFailed, "The upstream proxy.test:1080 does not support the kind of address of origin.test:443 (SOCKS5 reply 8): it may lack IPv6 or remote names."},
		{"reply 99", bare, replied("\x63"), at, tunnel.ErrUpstreamFailed, "The upstream proxy.test:1080 did not connect to origin.test:443 and gave the unknown reply code 99."},
		{"reply of another version", bare, talk("\x05\x00", "\x04\x00\x00\x01"), at, tunnel.ErrBadResponse, "proxy.test:1080 gave an answer that breaks the rules of SOCKS5: check the upstream's scheme and port."},
		{"unknown address type", bare, talk("\x05\x00", "\x05\x00\x00\x09"), at, tunnel.ErrBadResponse, "proxy.test:1080 gave an answer that breaks the rules of SOCKS5: check the upstream's scheme and port."},
		{"reply cut short", bare, talk("\x05\x00", "\x05\x00\x00\x01\x00"), at, tunnel.ErrClosed, "The upstream proxy.test:1080 closed the connection instead of connecting to origin.test:443."},
		{"closes on request", bare, talk("\x05\x00", ""), at, tunnel.ErrClosed, "The upstream proxy.test:1080 closed the connection instead of connecting to origin.test:443."},
		{"never connects", bare, stay("\x05\x00"), at, tunnel.ErrTimeout, "The upstream proxy.test:1080 did not get through to origin.test:443 within 10s."},
	} {
		t.Run(tt.name, tt.run)
	}
}

func TestSOCKS4Failures(t *testing.T) {
	const upstream = "socks4a://me@proxy.test:1080"
	replied := func(code string) func(net.Conn) { return talk("\x00" + code + "\x00\x00\x00\x00\x00\x00") }
	at := tunnel.StepHandshake
	for _, tt := range []failureTest{
		{"rejected", upstream, replied("\x5b"), at, tunnel.ErrUpstreamFailed, "The upstream proxy.test:1080 did not connect to origin.test:443 (SOCKS4 reply 91): it is not allowed there, or not reachable."},
		{"identd", upstream, replied("\x5c"), at, tunnel.ErrUpstreamNeeds, "The upstream proxy.test:1080 wants to ask this machine who is connecting to origin.test:443 (SOCKS4 reply 92, identd)."},
		{"user", upstream, replied("\x5d"), at, tunnel.ErrUpstreamAuth, "The upstream proxy.test:1080 does not accept the user name for origin.test:443 (SOCKS4 reply 93): check it in the upstream."},
		{"unknown code", upstream, replied("\x01"), at, tunnel.ErrUpstreamFailed, "The upstream proxy.test:1080 did not connect to origin.test:443 and gave the unknown reply code 1."},
		{"socks5 answers and stays", upstream, stay("\x05\xff"), at, tunnel.ErrNotThisProtocol, "proxy.test:1080" + needsScheme + "SOCKS4: is it a socks5:// upstream?"},
		{"http answers", upstream, talk("HTTP/1.1 400 Bad Request\r\n\r\n"), at, tunnel.ErrNotThisProtocol, "proxy.test:1080" + needsScheme + "SOCKS4: is it an HTTP proxy?"},
		{"closes", upstream, talk(""), at, tunnel.ErrClosed, "proxy.test:1080 closed the connection without an answer: does it speak SOCKS4, or is it an HTTP or SOCKS5 proxy?"},
		{"cut short", upstream, talk("\x00\x5a\x00"), at, tunnel.ErrClosed, "The upstream proxy.test:1080 closed the connection instead of connecting to origin.test:443."},
		{"silence", upstream, stay(), at, tunnel.ErrTimeout, "proxy.test:1080 accepted the connection but said nothing within 10s: does it speak SOCKS4, or is it an HTTP or SOCKS5 proxy?"},
	} {
		t.Run(tt.name, tt.run)
	}
}

func TestHTTPFailures(t *testing.T) {
	const (
		bare = "http://proxy.test:3128"
		user = "http://me:" + canary + "@proxy.test:3128"
	)
	status := func(line string) func(net.Conn) { return talk("HTTP/1.1 " + line + "\r\nX: y\r\n\r\n" + canary) }
	answered := "The upstream proxy.test:3128 answered CONNECT origin.test:443 with "
	at := tunnel.StepHandshake
	for _, tt := range []failureTest{
		{"needs password", bare, talk("HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n"), at, tunnel.ErrUpstreamNeeds, "proxy.test:3128 asks for a user name and password (407): add them to the upstream."},
		{"refuses password", user, talk("HTTP/1.1 407 X\r\nproxy-authenticate: NTLM\r\nproxy-authenticate: basic realm=x\r\n\r\n"), at, tunnel.ErrUpstreamAuth, "proxy.test:3128 refuses the user name or password: check them in the upstream."},
		{"needs ntlm", user, talk("HTTP/1.1 407 X\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n\r\n"), at, tunnel.ErrUpstreamNeeds, `proxy.test:3128 asks for "NTLM", "Negotiate" authentication (407); only Basic is supported.`},
		{"401", user, status("401 X"), at, tunnel.ErrUpstreamAuth, "proxy.test:3128 refuses the user name or password: check them in the upstream."},
		{"403", bare, status("403 " + canary), at, tunnel.ErrUpstreamDenied, answered + "403 Forbidden: check whether its rules allow this host and port."},
		{"404", bare, status("404 Not Found"), at, tunnel.ErrUpstreamDenied, answered + "404 Not Found: is it a web server rather than a proxy?"},
		{"405", bare, status("405 X"), at, tunnel.ErrUpstreamDenied, answered + "405 Method Not Allowed: is it a web server rather than a proxy?"},
		{"502", user, status("502 X"), at, tunnel.ErrUpstreamFailed, answered + "502 Bad Gateway: it could not reach that host, or has trouble of its own."},
		{"503", bare, status("503 X"), at, tunnel.ErrUpstreamFailed, answered + "503 Service Unavailable: it could not reach that host, or has trouble of its own."},
		{"504", bare, status("504"), at, tunnel.ErrUpstreamFailed, answered + "504 Gateway Timeout: it could not reach that host, or has trouble of its own."},
		{"302", bare, status("302 X"), at, tunnel.ErrUpstreamDenied, answered + "302 Found: it may want you to sign in with a browser first."},
		{"101", bare, status("101 X"), at, tunnel.ErrUpstreamFailed, answered + "101 Switching Protocols instead of opening a tunnel."},
		{"599", bare, status("599 X"), at, tunnel.ErrUpstreamFailed, answered + "599 instead of opening a tunnel."},
		{"socks5 answers", bare, stay("\x05\xff"), at, tunnel.ErrNotThisProtocol, "proxy.test:3128" + needsScheme + "HTTP: is it a socks5:// upstream?"},
		{"tls answers", bare, stay("\x15\x03\x01\x00\x02\x02\x46"), at, tunnel.ErrNotThisProtocol, "proxy.test:3128" + needsScheme + "HTTP: it answers in TLS; is it an https:// upstream?"},
		{"ssh answers", bare, stay("SSH-2.0-x\r\n"), at, tunnel.ErrNotThisProtocol, "proxy.test:3128" + needsScheme + "HTTP: check the upstream's scheme and port."},
		{"bad status", bare, status("2x0 OK"), at, tunnel.ErrNotThisProtocol, "proxy.test:3128" + needsScheme + "HTTP: check the upstream's scheme and port."},
		{"closes", bare, talk(""), at, tunnel.ErrClosed, "proxy.test:3128 closed the connection without an answer: does it speak HTTP, or is it a SOCKS or https:// upstream?"},
		{"closes within the head", bare, talk("HTTP/1.1 200 OK\r\nX:"), at, tunnel.ErrClosed, "The upstream proxy.test:3128 closed the connection instead of connecting to origin.test:443."},
		{"closes after 100", bare, talk("HTTP/1.1 100 Continue\r\n\r\n"), at, tunnel.ErrClosed, "The upstream proxy.test:3128 closed the connection instead of connecting to origin.test:443."},
		{"silence", bare, stay(), at, tunnel.ErrTimeout, "proxy.test:3128 accepted the connection but said nothing within 10s: does it speak HTTP, or is it a SOCKS or https:// upstream?"},
		{"head without end", bare, stay("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 65<<10)), at, tunnel.ErrBadResponse, "proxy.test:3128 answered CONNECT with a head of more than 64 KiB: is it really a proxy?"},
		{"1xx without end", bare, stay(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 3000)), at, tunnel.ErrBadResponse, "proxy.test:3128 answered CONNECT with a head of more than 64 KiB: is it really a proxy?"},
	} {
		t.Run(tt.name, tt.run)
	}
}

func TestConnectFailures(t *testing.T) {
	noRoute := &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}
	dns := func(e net.DNSError) error { e.Err, e.Name = "lookup trouble", "x"; return &e }
	tests := []struct {
		failureTest
		origin           string
		lookup, dial     error         // what fails, if not what the network does
		slowLookup, dead time.Duration // how long lookups and dials of anything take
	}{
		{failureTest{"origin refuses", "", nil, tunnel.StepConnect, tunnel.ErrRefused, "origin.test:80 refused the connection: is the server running, and is the port right?"}, "origin.test:80", nil, nil, 0, 0},
		{failureTest{"upstream refuses", "socks5://127.0.0.1:7890", nil, tunnel.StepConnectUpstream, tunnel.ErrRefused, "127.0.0.1:7890 refused the connection: is the upstream running?"}, "origin.test:80", nil, nil, 0, 0},
		{failureTest{"origin unknown", "", nil, tunnel.StepLookup, tunnel.ErrNameNotFound, "The name nowhere.test was not found: check the spelling."}, "nowhere.test:80", nil, nil, 0, 0},
		{failureTest{"upstream unknown", "http://nowhere.test:1", nil, tunnel.StepLookup, tunnel.ErrNameNotFound, "The upstream's name nowhere.test was not found: check the upstream."}, "origin.test:80", nil, nil, 0, 0},
		{failureTest{"lookup slow", "", nil, tunnel.StepLookup, tunnel.ErrTimeout, "The name origin.test could not be looked up within 10s: the name server does not answer."}, "origin.test:80", nil, nil, time.Minute, 0},
		{failureTest{"resolver gives up", "", nil, tunnel.StepLookup, tunnel.ErrTimeout, "The name origin.test could not be looked up within 0s: the name server does not answer."}, "origin.test:80", dns(net.DNSError{IsTimeout: true}), nil, 0, 0},
		{failureTest{"resolver broken", "", nil, tunnel.StepLookup, nil, "The name origin.test could not be looked up: the name server has trouble, or cannot be reached."}, "origin.test:80", dns(net.DNSError{IsTemporary: true}), nil, 0, 0},
		{failureTest{"no address", "", nil, tunnel.StepLookup, tunnel.ErrNameNotFound, "The name origin.test was not found: check the spelling."}, "origin.test:80", errNoAddress, nil, 0, 0},
		{failureTest{"origin silent", "", nil, tunnel.StepConnect, tunnel.ErrTimeout, "origin.test:80 did not answer within 10s: it may be down, or a firewall drops the packets."}, "origin.test:80", nil, nil, 0, time.Minute},
		{failureTest{"upstream silent", "http://10.0.0.9:1", nil, tunnel.StepConnectUpstream, tunnel.ErrTimeout, "10.0.0.9:1 did not answer within 10s: check the upstream's address, and whether it is running."}, "origin.test:80", nil, nil, 0, time.Minute},
		{failureTest{"no route", "", nil, tunnel.StepConnect, tunnel.ErrUnreachable, "There is no route to origin.test:80: is this machine online?"}, "origin.test:80", nil, noRoute, 0, 0},
		{failureTest{"other trouble", "", nil, tunnel.StepConnect, nil, "origin.test:80 could not be connected to: too many open files."}, "origin.test:80", nil, syscall.EMFILE, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNet()
				d := newDialer(t, n, tt.upstream, Config{})
				d.cfg.Lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
					if err := pause(ctx, tt.slowLookup); err != nil || tt.lookup != nil {
						return nil, cmp.Or(err, tt.lookup)
					}
					return n.Lookup(ctx, host)
				}
				d.cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
					if err := pause(ctx, tt.dead); err != nil || tt.dial != nil {
						return nil, cmp.Or(err, tt.dial)
					}
					return n.Dial(ctx, network, addr)
				}
				tt.check(t, failureOf(t, d, tt.origin))
			})
		})
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Once the first bytes show that nothing will come of it, nobody waits.
func TestWrongAnswersAreJudgedAtOnce(t *testing.T) {
	for upstream, says := range map[string]string{
		"socks5://proxy.test:1":  "\x05\x02", // insists on a password
		"socks4a://proxy.test:1": "\x05\xff",
		"http://proxy.test:1":    "\x05\xff",
		"https://proxy.test:1":   "HTTP/1.1 400 Bad Request\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			n := newNet()
			serve(t, n, "proxy.test:1", stay(says))
			began := time.Now()
			f := failureOf(t, newDialer(t, n, upstream, Config{}), "origin.test:443")
			if took := time.Since(began); took != 0 {
				t.Errorf("%s: %v after %v, want it at once", upstream, f, took)
			}
		})
	}
}

// A refused address says more than one for which there is no route.
func TestMoreTellingError(t *testing.T) {
	refused, unreachable := error(syscall.ECONNREFUSED), error(syscall.ENETUNREACH)
	for _, pair := range [][2]error{{refused, unreachable}, {unreachable, refused}, {nil, refused}} {
		if got := moreTelling(pair[0], pair[1]); got != refused {
			t.Errorf("moreTelling(%v, %v) = %v, want %v", pair[0], pair[1], got, refused)
		}
	}
}

// The overall limit and an earlier one of the caller hold too.
func TestDeadlines(t *testing.T) {
	tests := []struct {
		name   string
		cfg    Config
		caller time.Duration
		want   time.Duration
	}{
		{"handshake", Config{HandshakeTimeout: 3 * time.Second}, time.Hour, 3 * time.Second},
		{"overall", Config{Timeout: 2 * time.Second}, time.Hour, 2 * time.Second},
		{"caller", Config{}, time.Second, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNet()
				serve(t, n, "proxy.test:3128", stay())
				d := newDialer(t, n, "http://proxy.test:3128", tt.cfg)
				ctx, cancel := context.WithTimeout(t.Context(), tt.caller)
				defer cancel()
				began := time.Now()
				_, err := d.Dial(ctx, "origin.test:443")
				if got := time.Since(began); got != tt.want {
					t.Errorf("took %v, want %v", got, tt.want)
				}
				if !errors.Is(err, tunnel.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error = %v, want %v of the context", err, tunnel.ErrTimeout)
				}
			})
		})
	}
}

func TestNotAnAddress(t *testing.T) {
	d := mustNew(t, Config{})
	for _, addr := range []string{
		"", "example.com", ":80", "example.com:", "example.com:0", "example.com:65536", "example.com:http",
		"a b:80", "a\r\nX: y:80", "a\x00b:80", "me:" + canary + "@h:80", canary + "@h:80", "a/b:80", "::1:80",
		strings.Repeat("a", 256) + ":80",
	} {
		f := failureOf(t, d, addr)
		if f.Step != tunnel.StepPolicy || f.Sentence != "The destination is not a host and port, such as example.com:443." {
			t.Errorf("Dial(%q): step, sentence = %v, %s", addr, f.Step, f.Sentence)
		}
	}
}
