//go:build peers && linux

package peers

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The user that the peers know, and a password that must never be seen again.
const (
	peerUser     = "gauge"
	peerPassword = "canary-7f3a91c5"
)

// peer is an upstream with the credentials that it wants, if any.
type peer struct {
	scheme         string
	port           int
	user, password string
	env            []string // what sgauge needs in its environment
	args           []string // further flags that it needs
}

// microsocks is a SOCKS5 server with a password.
func microsocks(t *testing.T) peer {
	port := freePort(t)
	daemon(t, port, need(t, "microsocks", "microsocks"), "-i", "127.0.0.1", "-p", fmt.Sprint(port), "-u", peerUser, "-P", peerPassword)
	return peer{scheme: "socks5", port: port, user: peerUser, password: peerPassword}
}

// dante is a SOCKS server. It checks passwords against the system's accounts:
// as root, with SGAUGE_PEER_USER and SGAUGE_PEER_PASSWORD naming one, it asks for
// them, else it lets everybody in.
func dante(t *testing.T) peer {
	p := peer{
		scheme: "socks5h", port: freePort(t),
		user: os.Getenv("SGAUGE_PEER_USER"), password: os.Getenv("SGAUGE_PEER_PASSWORD"),
	}
	method, account := "username", userName(t)
	unprivileged := "nobody"
	if os.Geteuid() != 0 {
		unprivileged = account // it may become nobody else
	}
	if p.user == "" || os.Geteuid() != 0 {
		method, p.user, p.password = "none", "", ""
		t.Log("not root, or SGAUGE_PEER_USER not set: dante asks for no password")
	}
	dir := openDir(t)
	config := writeFile(t, dir, "danted.conf", fmt.Sprintf(`
logoutput: stderr
internal: 127.0.0.1 port = %d
external: 127.0.0.1
user.privileged: %s
user.unprivileged: %s
clientmethod: none
socksmethod: %s
client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }
`, p.port, account, unprivileged, method))
	daemon(t, p.port, need(t, "danted", "dante-server"), "-f", config, "-p", dir+"/danted.pid")
	return p
}

// userName is the account that the test runs as.
func userName(t *testing.T) string {
	t.Helper()
	name, err := exec.Command("id", "-un").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(name))
}

// tinyproxy is an HTTP proxy with a password.
func tinyproxy(t *testing.T) peer {
	port := freePort(t)
	config := writeFile(t, openDir(t), "tinyproxy.conf", fmt.Sprintf(`
Listen 127.0.0.1
Port %d
Timeout 60
MaxClients 50
Allow 127.0.0.1
BasicAuth %s %s
`, port, peerUser, peerPassword))
	daemon(t, port, need(t, "tinyproxy", "tinyproxy"), "-d", "-c", config)
	return peer{scheme: "http", port: port, user: peerUser, password: peerPassword}
}

// squid is an HTTP proxy with a password, plain HTTP and CONNECT to any port.
func squid(t *testing.T) peer {
	port := freePort(t)
	dir := openDir(t)
	hash := exec.Command(need(t, "htpasswd", "apache2-utils"), "-n", "-i", peerUser)
	hash.Stdin = strings.NewReader(peerPassword)
	line, err := hash.Output()
	if err != nil {
		t.Fatalf("htpasswd: %v", err)
	}
	passwords := writeFile(t, dir, "passwords", strings.TrimSpace(string(line))+"\n")
	config := writeFile(t, dir, "squid.conf", fmt.Sprintf(`
http_port 127.0.0.1:%d
auth_param basic program /usr/lib/squid/basic_ncsa_auth %s
auth_param basic children 1
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
cache_log stdio:/dev/stderr
access_log none
pid_filename none
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname localhost
coredump_dir %s
`, port, passwords, dir))
	// The name keeps its shared memory apart from that of another squid here.
	daemon(t, port, need(t, "squid", "squid"), "-N", "-n", fmt.Sprintf("sgauge%d", port), "-f", config)
	return peer{scheme: "http", port: port, user: peerUser, password: peerPassword}
}

// haproxy takes TLS off in front of squid: an https upstream.
func haproxy(t *testing.T) peer {
	behind := squid(t)
	port := freePort(t)
	dir := openDir(t)
	authority := newAuthority(t)
	writeFile(t, dir, "ca.pem", authority.pem)
	writeFile(t, dir, "server.pem", authority.leaf(t))
	config := writeFile(t, dir, "haproxy.cfg", fmt.Sprintf(`
defaults
	mode tcp
	timeout connect 10s
	timeout client 60s
	timeout server 60s
frontend tls
	bind 127.0.0.1:%d ssl crt %s/server.pem
	default_backend squid
backend squid
	server squid 127.0.0.1:%d
`, port, dir, behind.port))
	daemon(t, port, need(t, "haproxy", "haproxy"), "-db", "-f", config)
	return peer{
		scheme: "https", port: port, user: peerUser, password: peerPassword,
		env: []string{"SSL_CERT_FILE=" + dir + "/ca.pem"},
	}
}
