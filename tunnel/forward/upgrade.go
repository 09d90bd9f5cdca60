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

// upgradeWanted returns the value of Upgrade where h asks to leave HTTP
// (RFC 9110 §7.8), else "".
func upgradeWanted(h http.Header) string {
	if !hasToken(h["Connection"], "upgrade") {
		return ""
	}
	return strings.Join(h["Upgrade"], ", ")
}

// upgrade asks the origin for the protocols that the client named. It returns
// true when the connection has left HTTP; else the answer is ready for goproxy.
func (j *job) upgrade(out *http.Request, protocols string) bool {
	out.Header.Set("Connection", "Upgrade")
	out.Header.Set("Upgrade", protocols)
	resp, err := j.forwarder.send(out)
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
	if !writable || conn == nil || !hasToken([]string{asked}, agreed) {
		resp.Body.Close()
		return &tunnel.Failure{
			Step: tunnel.StepExchange, Target: target(resp.Request), Cause: tunnel.ErrBadResponse,
			Sentence: fmt.Sprintf("The origin switched to the protocol %q although %q was asked for.", agreed, asked),
		}
	}
	conn.Bind(nil) // what follows is no HTTP response
	origin := &upgraded{Conn: conn, body: body}
	client, buffered, err := j.writer.Hijack()
	if err != nil {
		resp.Body.Close()
		return err
	}
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

func (j *job) describeUpgrade(resp *http.Response, agreed string) {
	header := j.response.Header()
	if header == nil {
		header = flatten(resp.Header)
	}
	j.live.Update(func(ex *tunnel.Exchange) {
		ex.Status = resp.StatusCode
		ex.ResponseHeaders = header
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
	removeHopByHop(header, responseOnly)
	header.Set("Connection", "Upgrade")
	header.Set("Upgrade", agreed)
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	_ = header.Write(&b) // a Buffer takes everything
	b.WriteString("\r\n")
	return b.Bytes()
}

// upgraded is the origin's connection after 101: what the Transport had read
// ahead comes first.
type upgraded struct {
	*tap.Conn
	body io.ReadWriteCloser
}

func (u *upgraded) Read(p []byte) (int, error) { return u.body.Read(p) }
func (u *upgraded) NetConn() net.Conn          { return nil }
