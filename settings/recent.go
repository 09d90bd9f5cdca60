package settings

import "slices"

// maxRecent is how many upstreams a menu can offer and stay one.
const maxRecent = 8

// Upstreams lists what can be chosen without typing: direct first, then the one
// in force and those used before.
func (s Settings) Upstreams() []string {
	all := []string{direct}
	for _, up := range append([]string{s.Upstream}, s.RecentUpstreams...) {
		if up != "" && !slices.Contains(all, up) {
			all = append(all, up)
		}
	}
	return all
}

const direct = "direct"

// remember puts the upstream that s leaves behind at the head of its recent
// ones; what is in force again need not be remembered.
func (s *Settings) remember(left string) {
	if s.Upstream == left {
		return
	}
	recent := []string{left}
	recent = append(recent, s.RecentUpstreams...)
	seen := []string{"", direct, s.Upstream}
	s.RecentUpstreams = slices.DeleteFunc(recent, func(up string) bool {
		known := slices.Contains(seen, up)
		seen = append(seen, up)
		return known
	})
	if len(s.RecentUpstreams) > maxRecent {
		s.RecentUpstreams = s.RecentUpstreams[:maxRecent]
	}
}
