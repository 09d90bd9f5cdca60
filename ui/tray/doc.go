// Package tray is the icon in the system's tray and its menu: the proxy's state,
// the upstreams to choose from, lines to copy, the latest verdicts.
//
// It is told what to show with [Tray.Show] and calls the functions of [Actions];
// it asks nobody anything. The tray itself stands behind [Host], which Fyne's
// desktop application satisfies. Whether the desktop has a tray at all is for
// the main to find out.
//
// The menu is flat and every label says its state, because of what trays do: KDE
// ignores entries that are added to a submenu later, unticked entries cannot be
// told from plain ones, and on GNOME an open menu closes when it is rebuilt. So
// it is rebuilt only when it reads differently.
package tray
