//go:build peers && linux

package peers

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"
)

// sdk is an official client of a model API as its users have it, told of nothing
// but a base URL.
type sdk struct {
	module   string // of npm
	script   string // prints each event as JSON
	variable string // takes the base URL
	base     string // what the client adds to the target's address
	path     string // what it asks the API for
	events   []string
	done     string // ends the stream, and is no event
	api      string // what the recording calls the format
	first    int    // the event with the first content; the next has the rest
	finish   string // why it ends, in its words
}

const apiKey = "sk-canary-5b1d0c7e9a"

var sdks = map[string]sdk{
	"openai chat": {
		module: "openai", variable: "OPENAI_BASE_URL", base: "/v1", path: "/v1/chat/completions",
		api: "openai-chat", first: 1, finish: "stop",
		script: `client.chat.completions.create({ model: "m-1", stream: true, messages: [{ role: "user", content: "?" }] })`,
		events: []string{
			`data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}`,
			`data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"content":"Two"},"finish_reason":null}]}`,
			`data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"content":" words"},"finish_reason":null}]}`,
			`data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
		},
		done: "data: [DONE]\n\n",
	},
	"openai responses": {
		module: "openai", variable: "OPENAI_BASE_URL", base: "/v1", path: "/v1/responses",
		api: "openai-responses", first: 1, finish: "completed",
		script: `client.responses.create({ model: "m-1", stream: true, input: "?" })`,
		events: []string{
			"event: response.created\ndata: " + `{"type":"response.created","sequence_number":0,"response":{"id":"r1","object":"response","model":"m-1","status":"in_progress","output":[]}}`,
			"event: response.output_text.delta\ndata: " + `{"type":"response.output_text.delta","sequence_number":1,"item_id":"i1","output_index":0,"content_index":0,"delta":"Two","logprobs":[]}`,
			"event: response.output_text.delta\ndata: " + `{"type":"response.output_text.delta","sequence_number":2,"item_id":"i1","output_index":0,"content_index":0,"delta":" words","logprobs":[]}`,
			"event: response.completed\ndata: " + `{"type":"response.completed","sequence_number":3,"response":{"id":"r1","object":"response","model":"m-1","status":"completed","output":[],"usage":{"input_tokens":1,"output_tokens":2,"total_tokens":3}}}`,
		},
	},
	"anthropic": {
		module: "@anthropic-ai/sdk", variable: "ANTHROPIC_BASE_URL", path: "/v1/messages",
		api: "anthropic", first: 2, finish: "end_turn",
		script: `client.messages.create({ model: "m-1", stream: true, max_tokens: 9, messages: [{ role: "user", content: "?" }] })`,
		events: []string{
			"event: message_start\ndata: " + `{"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"m-1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}}`,
			"event: content_block_start\ndata: " + `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
			"event: content_block_delta\ndata: " + `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Two"}}`,
			"event: content_block_delta\ndata: " + `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" words"}}`,
			"event: content_block_stop\ndata: " + `{"type":"content_block_stop","index":0}`,
			"event: message_delta\ndata: " + `{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2}}`,
			"event: message_stop\ndata: " + `{"type":"message_stop"}`,
		},
	},
}

// program is the script of a user of the client.
func (s sdk) program() string {
	return `
const Client = require("` + s.module + `");
(async () => {
  const client = new Client({ apiKey: "` + apiKey + `", maxRetries: 0 });
  for await (const event of await ` + s.script + `) console.log(JSON.stringify(event));
})();
`
}

// modelOrigin is a model's API: it answers one request with a stream, of which it
// sends each event when it is told to.
type modelOrigin struct {
	addr    string
	word    chan struct{}
	sent    chan time.Time // when the event was handed to the system
	request *http.Request  // and its body, once the first event is sent
	body    []byte
	done    chan error
}

func newModelOrigin(t *testing.T, s sdk, config *tls.Config) *modelOrigin {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	o := &modelOrigin{addr: local(listener.Addr().String()), word: make(chan struct{}), sent: make(chan time.Time, 1), done: make(chan error, 1)}
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			err = errors.Join(o.serve(conn, s), conn.Close())
		}
		o.done <- err
	}()
	return o
}

func (o *modelOrigin) serve(conn net.Conn, s sdk) error {
	if err := conn.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		return err
	}
	request, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return err
	}
	if o.body, err = io.ReadAll(request.Body); err != nil {
		return err
	}
	o.request = request
	fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
	for _, event := range s.events {
		<-o.word
		o.sent <- time.Now()
		if _, err := fmt.Fprintf(conn, "%x\r\n%s\n\n\r\n", len(event)+2, event); err != nil {
			return err
		}
	}
	<-o.word
	if s.done != "" {
		fmt.Fprintf(conn, "%x\r\n%s\r\n", len(s.done), s.done)
	}
	_, err = io.WriteString(conn, "0\r\n\r\n")
	return err
}

// TestSDKs: the official clients, unmodified, stream through the gateway, by
// address and by name, and have every event before the next is sent.
func TestSDKs(t *testing.T) {
	node := newNode(t, 20)
	for name, s := range sdks {
		for _, named := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/named %v", name, named), func(t *testing.T) {
				a, config := secured(t)
				o := newModelOrigin(t, s, config)
				up := peer{}.trusting(t, a)
				target := "/https/" + o.addr
				if named {
					up.args = []string{"--target", "model-1=https://" + o.addr + "/"}
					target = "/model-1"
				}
				g := serve(t, up)
				cmd := exec.Command(node, writeFile(t, t.TempDir(), "ask.js", s.program()))
				cmd.Env = append(os.Environ(), s.variable+"=http://"+g.addr+target+s.base)
				spans := readEvents(t, o, s, cmd)
				o.asked(t, s)
				ex := only(t, g.finish(t, 1), "recorded", func(exchange) bool { return true })
				if want := "https://" + o.addr + s.path; ex.Kind != "gateway" || ex.URL != want || ex.End != "complete" {
					t.Errorf("recorded %s %s %s, want gateway %s complete", ex.Kind, ex.URL, ex.End, want)
				}
				checkTimes(t, ex, spans)
				checkNumbers(t, ex, s, spans)
				text, err := os.ReadFile(g.record)
				if err != nil || strings.Contains(string(text), apiKey) {
					t.Errorf("the recording has the key, %v", err)
				}
			})
		}
	}
}

// thinking is how long the model takes for each piece of content.
const thinking = 150 * time.Millisecond

// span is when an event was sent and when its reader had it: it arrived here in
// between, however slow the machine.
type span struct{ sent, read time.Time }

// readEvents runs the client, in lock-step with the origin.
func readEvents(t *testing.T, o *modelOrigin, s sdk, cmd *exec.Cmd) []span {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := out.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = in
	p := start(t, cmd)
	in.Close()
	lines := bufio.NewReader(out)
	var spans []span
	for i, event := range s.events {
		if i == s.first || i == s.first+1 {
			time.Sleep(thinking) // the model does
		}
		select {
		case o.word <- struct{}{}:
		case err := <-o.done:
			t.Fatalf("the origin ended before event %d: %v", i, err)
		case <-time.After(patience):
			t.Fatalf("the origin was not asked, or does not send event %d", i)
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("event %d has not come: %v", i, err)
		}
		spans = append(spans, span{<-o.sent, time.Now()})
		_, data, _ := strings.Cut(event, "data: ")
		if got, want := decoded(t, line), decoded(t, data); !reflect.DeepEqual(got, want) {
			t.Errorf("event %d: got %v, want %v", i, got, want)
		}
	}
	o.word <- struct{}{}
	if err := <-o.done; err != nil {
		t.Errorf("the origin: %v", err)
	}
	p.wait(t)
	return spans
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return value
}

// asked wants the origin to have been asked as by the client itself.
func (o *modelOrigin) asked(t *testing.T, s sdk) {
	t.Helper()
	r := o.request
	if r.Method != http.MethodPost || r.RequestURI != s.path || r.Host != o.addr || r.Header.Get("Authorization") != "Bearer "+apiKey {
		t.Errorf("asked %s %s of %s with %v", r.Method, r.RequestURI, r.Host, r.Header)
	}
	if body, ok := decoded(t, string(o.body)).(map[string]any); !ok || body["model"] != "m-1" || body["stream"] != true {
		t.Errorf("the request's body is %s", o.body)
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "Proxy-") || name == "Via" || strings.HasPrefix(name, "X-Forwarded") {
			t.Errorf("the origin got %s", name)
		}
	}
}

// checkTimes wants a unit for each event, stamped while it was on its way.
func checkTimes(t *testing.T, ex exchange, spans []span) {
	t.Helper()
	if len(ex.Units) < len(spans) {
		t.Fatalf("%d units, want one for each of %d events", len(ex.Units), len(spans))
	}
	for i, s := range spans {
		us, _ := ex.Units[i][0].(float64)
		at := ex.Start.Add(time.Duration(us) * time.Microsecond)
		if at.Before(s.sent.Add(-time.Millisecond)) || at.After(s.read.Add(time.Millisecond)) {
			t.Errorf("event %d: stamped %v after it was sent and %v before it was read", i, at.Sub(s.sent), s.read.Sub(at))
		}
	}
}

// checkNumbers wants the numbers of the answer to be those of the script: as the
// origin made them, and no later than the client could have seen them.
func checkNumbers(t *testing.T, ex exchange, s sdk, spans []span) {
	t.Helper()
	us := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	a := ex.Answer
	if a.API != s.api || a.Model != "m-1" || a.Finish != s.finish || a.Numbers.ICL.N != 1 {
		t.Errorf("answer %+v, want %s of m-1 that ends with %s and has one gap", a, s.api, s.finish)
	}
	asked, first, next := ex.Start.Add(us(ex.Phases["sent"])), spans[s.first], spans[s.first+1]
	between(t, "TTFT", us(a.Numbers.TTFT), first.sent.Sub(asked), first.read.Sub(asked))
	between(t, "ICL", us(a.Numbers.ICL.P50), next.sent.Sub(first.read), next.read.Sub(first.sent))
	t.Logf("TTFT %v, the script's %v; ICL %v, the script's %v",
		us(a.Numbers.TTFT), first.sent.Sub(asked), us(a.Numbers.ICL.P50), next.sent.Sub(first.sent))
}

// between allows a millisecond for the clocks, which are read in two programs.
func between(t *testing.T, what string, got, low, high time.Duration) {
	t.Helper()
	if got < low-time.Millisecond || got > high+time.Millisecond || got < thinking/2 {
		t.Errorf("%s %v, want %v to %v", what, got, low, high)
	}
}
