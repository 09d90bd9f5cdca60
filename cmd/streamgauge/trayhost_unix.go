//go:build unix && !darwin

package main

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
)

// hasTray reports whether anything on this desktop shows icons: on some desktops
// nothing does, and a window that hides there is lost.
func hasTray() bool {
	const (
		watcher  = "org.kde.StatusNotifierWatcher"
		patience = time.Second
	)
	// A bus that is not there must not be started for the question's sake.
	bus, err := dbus.SessionBusPrivateNoAutoStartup()
	if err != nil {
		return false
	}
	defer bus.Close()
	if bus.Auth(nil) != nil || bus.Hello() != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var owned bool
	err = bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, watcher).Store(&owned)
	return err == nil && owned
}
