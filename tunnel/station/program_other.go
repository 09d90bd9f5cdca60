//go:build !linux

package station

// listeningProgram returns "": only Linux tells without another program.
func listeningProgram(int) string { return "" }
