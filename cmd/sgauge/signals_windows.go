package main

import "os"

// passedOn are the signals that are meant for the command as much as for us.
var passedOn = []os.Signal{os.Interrupt}

// reachedChildToo reports whether the command has got s as well: on Windows
// every program of a console gets what is typed.
func reachedChildToo(os.Signal) bool { return true }
