//go:build !linux

package main

// listeningProgram returns "": only Linux tells without another program.
func listeningProgram(int) string { return "" }
