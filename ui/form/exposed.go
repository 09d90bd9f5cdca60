package form

import (
	"net"
	"net/netip"
	"strings"

	"fyne.io/fyne/v2/widget"

	"streamgauge/settings"
	"streamgauge/ui/words"
)

// exposedRow is the opt-in to be reached by other machines. It is no setting of
// its own: it writes the address, and follows it.
func (f *Form) exposedRow() *row {
	const name = "exposed"
	check := widget.NewCheck(words.T("form.field."+name), nil)
	check.OnChanged = func(on bool) {
		if f.filling || on == exposed(f.draft.text(fieldListen)) {
			return
		}
		_, port, err := net.SplitHostPort(f.draft.text(fieldListen))
		if err != nil {
			_, port, _ = net.SplitHostPort(settings.DefaultListen)
		}
		host := "127.0.0.1"
		if on {
			host = "0.0.0.0"
		}
		f.entries[fieldListen].SetText(net.JoinHostPort(host, port))
	}
	f.exposed = check
	return f.plainRow(name, check)
}

// reviewExposed lets the switch follow the address, and says at which addresses
// others reach us.
func (f *Form) reviewExposed(listen string) {
	on := exposed(listen)
	if f.exposed.Checked != on {
		f.exposed.SetChecked(on)
	}
	host, port, err := net.SplitHostPort(listen)
	if !on || err != nil {
		return
	}
	reached := []string{net.JoinHostPort(host, port)}
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		reached = nil
		for _, a := range f.addresses() {
			reached = append(reached, net.JoinHostPort(a, port))
		}
	}
	list := strings.Join(reached, words.T("form.comma"))
	f.rows["exposed"].say(words.T("form.exposed", words.Values{"List": list}), caution)
}

// exposed reports whether other machines can reach an address.
func exposed(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil || strings.EqualFold(host, "localhost") {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "" || err == nil && !addr.Unmap().IsLoopback()
}

// reachable is the address at which programs of this machine find us.
func reachable(listen string) string {
	if host, port, err := net.SplitHostPort(listen); err == nil {
		if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
			return net.JoinHostPort("127.0.0.1", port)
		}
	}
	return listen
}

// ownAddresses are the addresses of this machine that others can use.
func ownAddresses() []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var found []string
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && prefix.Addr().Is4() && !prefix.Addr().IsLoopback() && !prefix.Addr().IsLinkLocalUnicast() {
			found = append(found, prefix.Addr().String())
		}
	}
	return found
}
