package forward

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"streamgauge/tunnel"
	"streamgauge/tunnel/tap"
)

// upgradeWanted returns the value of Upgrade where r asks to leave HTTP, else
// "". HTTP/1.0 cannot ask (RFC 9110 §7.8).
func upgradeWanted(r *http.Request) string {
	if !r.ProtoAtLeast(1, 1) || !hasToken(r.Header["Connection"], "upgrade") {
		return ""
	}
	return strings.Join(r.Header["Upgrade"], ", ")
}

// upgrade asks the origin for the protocols that the client named. It returns
// true when the connection has left HTTP; else the answer is ready for goproxy.
func (j *job) upgrade(out *http.Request, protocols string) bool {
	out.Header["Connection"] = []string{strings.Join(append(out.Header["Connection"], "Upgrade"), ", ")}
	out.Header.Set("Upgrade", protocols)
	resp, err := j.send(out)
	if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		j.ready = j.accept(resp)
		return false
	}
	if err == nil {
		err = j.switchProtocols(resp, protocols)
	}
	if err != nil {
		j.ready = j.fail(out, err)
		return false
	}
	return true
}

// switchProtocols passes on the 101 response and hands both connections to the
// relay.
func (j *job) switchProtocols(resp *http.Response, asked string) error {
	agreed := resp.Header.Get("Upgrade")
	body, writable := resp.Body.(io.ReadWriteCloser)
	conn := j.response.Conn()
	if !writable || conn == nil || !agrees(asked, agreed) {
		resp.Body.Close()
		return &tunnel.Failure{
			Step: tunnel.StepExchange, Target: target(resp.Request), Cause: tunnel.ErrBadResponse,
			Sentence: fmt.Sprintf("The origin switched to the protocol %q although %q was asked for.", agreed, asked),
		}
	}
	conn.Bind(nil) // what follows is no HTTP response
	origin := &upgraded{Conn: conn, body: body, left: j.response.Pending()}
	client, buffered, err := j.writer.Hijack()
	if err != nil {
		resp.Body.Close()
		return err
	}
	j.switched = true
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	j.describeUpgrade(resp, agreed)
	if _, err := client.Write(upgradeHead(resp, agreed)); err != nil {
		client.Close()
		origin.Close()
		j.live.Finish(tunnel.ClientClosed, "")
		return nil
	}
	j.forwarder.upgraded(client, origin, bytes.Clone(early), j.live)
	return nil
}

// agrees reports whether every protocol switched to was asked for.
func agrees(asked, agreed string) bool {
	for protocol := range strings.SplitSeq(agreed, ",") {
		if !hasToken([]string{asked}, strings.TrimSpace(protocol)) {
			return false
		}
	}
	return true
}

func (j *job) describeUpgrade(resp *http.Response, agreed string) {
	j.recordHead(resp)
	j.live.Update(func(ex *tunnel.Exchange) {
		ex.Kind = tunnel.KindTunnel
		if strings.EqualFold(agreed, "websocket") {
			ex.Kind = tunnel.KindWebSocket
		}
	})
}

// upgradeHead writes the 101 response out. It is always the client's own hop,
// so Connection and Upgrade are said anew.
func upgradeHead(resp *http.Response, agreed string) []byte {
	header := resp.Header.Clone()
	removeHopByHop(header, header["Connection"])
	header.Del("Content-Length") // RFC 9110 §8.6
	header.Set("Connection", "Upgrade")
	header.Set("Upgrade", agreed)
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	_ = header.Write(&b) // a Buffer takes everything
	b.WriteString("\r\n")
	return b.Bytes()
}

// upgraded is the origin's connection after 101: what came with the head, and
// the Transport may hold, comes first.
type upgraded struct {
	*tap.Conn
	body io.Reader
	left int // bytes to read from body
}

// Read returns what was read ahead, then what the connection brings.
func (u *upgraded) Read(p []byte) (int, error) {
	if u.left == 0 {
		return u.Conn.Read(p)
	}
	n, err := u.body.Read(p[:min(len(p), u.left)])
	u.left -= n
	return n, err
}

// NetConn returns the connection beneath, or nil while there is something to
// read ahead of it.
func (u *upgraded) NetConn() net.Conn {
	if u.left > 0 {
		return nil
	}
	return u.Conn
}
