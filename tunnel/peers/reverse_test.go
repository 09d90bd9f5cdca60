//go:build peers && linux

package peers

import (
	"fmt"
	"strings"
	"testing"
)

// nginx runs a server with that content, which listens with the options given.
func nginx(t *testing.T, options, server string) (host string) {
	port := freePort(t)
	dir := openDir(t)
	config := writeFile(t, dir, "nginx.conf", fmt.Sprintf(`
user root root;
daemon off;
pid %[1]s/nginx.pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server {
		listen 127.0.0.1:%[2]d %[3]s;
		%[4]s
	}
}
`, dir, port, options, server))
	daemon(t, port, need(t, "nginx", "nginx-light"), "-p", dir, "-e", "stderr", "-c", config)
	return address(port)
}

func plain(host string) stand { return stand{url: "http://" + host + "/"} }

// nginxPlain speaks HTTP/1.0 to its origin, for long the default: only then does
// nginx's buffering hold a stream that it sends on in plain HTTP.
func nginxPlain(t *testing.T, source, setting string) stand {
	return plain(nginx(t, "", fmt.Sprintf("location / { proxy_pass %s; proxy_http_version 1.0; %s }", source, setting)))
}

// nginxGzip speaks HTTP/1.1 to its origin: what holds the stream is gzip alone.
func nginxGzip(t *testing.T, source, setting string) stand {
	return plain(nginx(t, "", fmt.Sprintf(`
		gzip on;
		gzip_types text/event-stream;
		location / { proxy_pass %s; proxy_http_version 1.1; %s }
`, source, setting)))
}

// nginxTLS speaks HTTP/1.1 to its origin: what holds the stream is its buffer of
// a full TLS record.
func nginxTLS(t *testing.T, source, setting string) stand {
	authority := newAuthority(t)
	pair := writeFile(t, openDir(t), "pair.pem", authority.leaf(t))
	host := nginx(t, "ssl", fmt.Sprintf(`
		ssl_certificate %[1]s;
		ssl_certificate_key %[1]s;
		location / { proxy_pass %[2]s; proxy_http_version 1.1; %[3]s }
`, pair, source, setting))
	return stand{url: "https://" + host + "/", certificates: authority}
}

// nginxFastCGI has a PHP behind it that flushes each event.
func nginxFastCGI(t *testing.T, source, setting string) stand {
	return nginxPHP(t, newPHP(t, source, 0, "", "flush();"), setting)
}

// phpBuffering is a PHP that keeps its output to itself, behind the nginx that it
// usually has.
func phpBuffering(t *testing.T, source, setting string) stand {
	header := ""
	if setting != "" {
		header = "header('X-Accel-Buffering: no');" // the advice's other half
	}
	return nginxPHP(t, newPHP(t, source, 4096, header, setting), "")
}

func nginxPHP(t *testing.T, p php, setting string) stand {
	return plain(nginx(t, "", fmt.Sprintf(`
		location / {
			fastcgi_pass %s;
			fastcgi_param SCRIPT_FILENAME %s/relay.php;
			fastcgi_param REQUEST_METHOD $request_method;
			%s
		}
`, p.addr, p.dir, setting)))
}

// apacheFastCGI has a PHP behind it that flushes each event.
func apacheFastCGI(t *testing.T, source, setting string) stand {
	p := newPHP(t, source, 0, "", "flush();")
	port := freePort(t)
	dir := openDir(t)
	config := writeFile(t, dir, "apache.conf", fmt.Sprintf(`
ServerRoot %[1]s
ServerName localhost
Listen 127.0.0.1:%[2]d
PidFile %[1]s/apache.pid
DefaultRuntimeDir %[1]s
ErrorLog /dev/stderr
User nobody
Group nogroup
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_fcgi_module /usr/lib/apache2/modules/mod_proxy_fcgi.so
ProxyPass "/" "fcgi://%[3]s%[4]s/" %[5]s
`, dir, port, p.addr, p.dir, setting))
	daemon(t, port, need(t, "apache2", "apache2-bin"), "-DFOREGROUND", "-f", config)
	return stand{url: "http://" + address(port) + "/relay.php"}
}

// haproxyHTTP speaks HTTP on both sides; see haproxy for the one that is a peer.
func haproxyHTTP(t *testing.T, source, setting string) stand {
	port := freePort(t)
	config := writeFile(t, openDir(t), "haproxy.cfg", fmt.Sprintf(`
defaults
	mode http
	timeout connect 10s
	timeout client 60s
	timeout server 60s
	%s
listen http
	bind 127.0.0.1:%d
	server source %s
`, setting, port, strings.TrimPrefix(source, "http://")))
	daemon(t, port, need(t, "haproxy", "haproxy"), "-db", "-f", config)
	return plain(address(port))
}

// varnish would stream of its own accord; it is told not to, and then told again.
func varnish(t *testing.T, source, setting string) stand {
	port := freePort(t)
	dir := openDir(t)
	host, behind, _ := strings.Cut(strings.TrimPrefix(source, "http://"), ":")
	config := writeFile(t, dir, "layer.vcl", fmt.Sprintf(`
vcl 4.1;
backend source { .host = "%s"; .port = "%s"; }
sub vcl_backend_response {
	set beresp.do_stream = false;
	%s
}
`, host, behind, setting))
	daemon(t, port, need(t, "varnishd", "varnish"), "-F", "-j", "none", "-T", "none",
		"-n", dir+"/work", "-a", address(port), "-f", config, "-s", "malloc,16m")
	return plain(address(port))
}

func lighttpd(t *testing.T, source, setting string) stand {
	port := freePort(t)
	dir := openDir(t)
	host, behind, _ := strings.Cut(strings.TrimPrefix(source, "http://"), ":")
	config := writeFile(t, dir, "lighttpd.conf", fmt.Sprintf(`
server.modules = ("mod_proxy")
server.bind = "127.0.0.1"
server.port = %d
server.document-root = "%s"
server.upload-dirs = ("%s")
proxy.server = ("" => (("host" => "%s", "port" => %s)))
%s
`, port, dir, dir, host, behind, setting))
	daemon(t, port, need(t, "lighttpd", "lighttpd"), "-D", "-f", config)
	return plain(address(port))
}
