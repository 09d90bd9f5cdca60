// Package autostart has the system start a program when its user logs in: an
// XDG autostart entry, a value of the Run key of Windows, a LaunchAgent of macOS.
// Each is the user's own and needs no rights; what is switched on here can be
// seen and switched off with the system's own tools too.
package autostart

import "fmt"

// Program is what is started.
type Program struct {
	// ID names the entry: "io.github.streamgauge".
	ID string
	// Name is what people see: "Streamgauge".
	Name string
	// Command is the executable's whole path and its arguments.
	Command []string
}

// Enabled reports whether this very command is started at login.
func (p Program) Enabled() (bool, error) {
	on, err := p.enabled()
	return on, named(err)
}

// Set switches it on, replacing an entry of another place or with other
// arguments, or off. Off where it is off already is no error.
func (p Program) Set(on bool) error {
	if on {
		return named(p.enable())
	}
	return named(p.disable())
}

func named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("start at login: %w", err)
}
