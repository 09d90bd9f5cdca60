//go:build desktop && linux

package peers

import (
	"strings"

	"github.com/godbus/dbus/v5"
)

// trayItem is the program's icon in the tray, or nil while there is none. A tray
// knows it as BUS-NAME/PATH.
func (a *app) trayItem() dbus.BusObject {
	items, err := screen.bus.Object(watcher, "/StatusNotifierWatcher").GetProperty(watcher + ".RegisteredStatusNotifierItems")
	if err != nil {
		return nil
	}
	names, _ := items.Value().([]string)
	for _, item := range names {
		name, path, _ := strings.Cut(item, "/")
		var pid uint32
		err := screen.bus.BusObject().Call("org.freedesktop.DBus.GetConnectionUnixProcessID", 0, name).Store(&pid)
		if err == nil && int(pid) == a.cmd.Process.Pid {
			return screen.bus.Object(name, dbus.ObjectPath("/"+path))
		}
	}
	return nil
}

// entry is one line of the tray's menu.
type entry struct {
	id     int32
	label  string
	ticked bool
}

// menu is what the tray's menu says now; nil if there is none.
func (a *app) menu() []entry {
	object := a.menuObject()
	if object == nil {
		return nil
	}
	var revision uint32
	var root struct {
		ID         int32
		Properties map[string]dbus.Variant
		Children   []dbus.Variant
	}
	const all = int32(-1)
	if err := object.Call("com.canonical.dbusmenu.GetLayout", 0, int32(0), all, []string{}).Store(&revision, &root); err != nil {
		return nil
	}
	var entries []entry
	for _, child := range root.Children {
		fields, ok := child.Value().([]any)
		if !ok || len(fields) < 2 {
			continue
		}
		properties, _ := fields[1].(map[string]dbus.Variant)
		e := entry{}
		e.id, _ = fields[0].(int32)
		e.label, _ = properties["label"].Value().(string)
		state, _ := properties["toggle-state"].Value().(int32)
		e.label, e.ticked = strings.ReplaceAll(e.label, "__", "_"), state == 1
		if e.label != "" {
			entries = append(entries, e)
		}
	}
	return entries
}

func (a *app) menuObject() dbus.BusObject {
	item := a.trayItem()
	if item == nil {
		return nil
	}
	path, err := item.GetProperty("org.kde.StatusNotifierItem.Menu")
	if err != nil {
		return nil
	}
	at, ok := path.Value().(dbus.ObjectPath)
	if !ok {
		return nil
	}
	return screen.bus.Object(item.Destination(), at)
}

// find returns the entry whose label has part in it.
func (a *app) find(part string) (entry, bool) {
	for _, e := range a.menu() {
		if strings.Contains(e.label, part) {
			return e, true
		}
	}
	return entry{}, false
}

// says reports whether the tray's menu has an entry with part in it.
func (a *app) says(part string) bool {
	_, found := a.find(part)
	return found
}

// choose clicks the entry whose label has part in it. Numbers change whenever
// the menu is made anew: then it is looked for again.
func (a *app) choose(part string) {
	a.Helper()
	until(a.T, "the tray entry "+part, func() bool {
		e, found := a.find(part)
		if !found {
			return false
		}
		call := a.menuObject().Call("com.canonical.dbusmenu.Event", 0, e.id, "clicked", dbus.MakeVariant(""), uint32(0))
		return call.Err == nil
	})
}
