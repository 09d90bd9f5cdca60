package tunnel

import "testing"

func TestClientLimited(t *testing.T) {
	chunks := []Chunk{{Blocked: BlockedThreshold + 1}, {Blocked: BlockedThreshold}, {}}
	for i, want := range map[int]bool{-1: false, 0: false, 1: true, 2: false, 3: false} {
		if got := ClientLimited(chunks, i); got != want {
			t.Errorf("ClientLimited(%d) = %v, want %v", i, got, want)
		}
	}
}

func TestUnitKindNames(t *testing.T) {
	for kind, want := range map[UnitKind]string{
		NoUnits: "", SSE: "sse", NDJSON: "ndjson", Text: "text", WebSocket: "ws", TLSRecord: "tls", 99: "",
	} {
		if got := kind.String(); got != want {
			t.Errorf("%d = %q, want %q", kind, got, want)
		}
		if back := ParseUnitKind(want); kind != 99 && back != kind {
			t.Errorf("ParseUnitKind(%q) = %v, want %v", want, back, kind)
		}
	}
	if got := ParseUnitKind("parsec"); got != NoUnits {
		t.Errorf("unknown name = %v, want none", got)
	}
}

func TestDirectionNames(t *testing.T) {
	if ToOrigin.String() != "to origin" || ToClient.String() != "to client" {
		t.Errorf("directions = %q, %q", ToOrigin, ToClient)
	}
}
