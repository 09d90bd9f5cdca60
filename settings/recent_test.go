package settings

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

func TestUpstreamsAreRemembered(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "settings.json"))
	use := func(up string) { update(t, s, func(v *Settings) { v.Upstream = up }) }
	use("socks5://a:1")
	use("http://b:2")
	use("direct")
	use("socks5://a:1")
	if got, want := s.Get().Upstreams(), []string{"direct", "socks5://a:1", "http://b:2"}; !slices.Equal(got, want) {
		t.Errorf("upstreams to choose from: %q, want %q", got, want)
	}
	for i := range 20 {
		use(fmt.Sprintf("http://c%d:2", i))
	}
	got := s.Get().RecentUpstreams
	if len(got) != maxRecent || got[0] != "http://c18:2" {
		t.Errorf("remembered %q, want %d, the latest left behind first", got, maxRecent)
	}
}

func TestUpstreamsOfOne(t *testing.T) {
	s := Default()
	if got, want := s.Upstreams(), []string{"direct"}; !slices.Equal(got, want) {
		t.Errorf("upstreams of the default: %q, want %q", got, want)
	}
}
