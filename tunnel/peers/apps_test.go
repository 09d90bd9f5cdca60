//go:build peers && linux

package peers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// php is a PHP-FPM and the directory of the one program it runs.
type php struct {
	addr, dir string
}

// newPHP runs relay.php, which hands on what it gets from the source: it says
// header first and does each after each piece. buffering is output_buffering, in
// bytes.
func newPHP(t *testing.T, source string, buffering int, header, each string) php {
	t.Helper()
	port := freePort(t)
	dir := openDir(t)
	writeFile(t, dir, "relay.php", fmt.Sprintf(`<?php
header('Content-Type: text/event-stream');
%s
$source = stream_socket_client('tcp://%s');
fwrite($source, "GET / HTTP/1.0\r\n\r\n");
while (rtrim(fgets($source)) !== '') {
}
while (!feof($source)) {
	echo fread($source, 8192);
	%s
}
`, header, strings.TrimPrefix(source, "http://"), each))
	config := writeFile(t, dir, "fpm.conf", fmt.Sprintf(`
[global]
error_log = /dev/stderr
[relay]
user = nobody
listen = 127.0.0.1:%d
pm = static
pm.max_children = 1
php_admin_value[output_buffering] = %d
`, port, buffering))
	daemon(t, port, phpFPM(t), "--no-php-ini", "--nodaemonize", "--fpm-config", config)
	return php{address(port), dir}
}

// phpFPM finds the program, whose name holds its version.
func phpFPM(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/sbin/php-fpm*")
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		return need(t, "php-fpm", "php-fpm")
	}
	return found[0]
}

// expressRelay hands on what it gets from the source.
const expressRelay = `
const http = require("http");
const express = require("express");
const compression = require("compression");
const [port, source] = process.argv.slice(2);
const app = express();
app.use(compression());
app.get("/", (req, res) => {
  res.set("Content-Type", "text/event-stream");
  http.get(source, (events) => {
    events.on("data", (event) => {
      res.write(event);
      %s
    });
    events.on("end", () => res.end());
  });
});
app.listen(Number(port), "127.0.0.1");
`

// express runs Express with its compression: NODE_PATH must lead to both packages.
func express(t *testing.T, source, setting string) stand {
	port := freePort(t)
	script := writeFile(t, openDir(t), "relay.js", fmt.Sprintf(expressRelay, setting))
	daemon(t, port, need(t, "node", "nodejs"), script, fmt.Sprint(port), source)
	return plain(address(port))
}
