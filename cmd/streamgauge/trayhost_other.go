//go:build !unix || darwin

package main

// hasTray is true: these systems always have a place for such icons.
func hasTray() bool { return true }
