// Package filelock locks files against other processes. The system gives a lock
// back when its holder dies, however that happens; so a lock that is held means a
// process that lives.
package filelock

import "errors"

// ErrLocked says that another process, or another opening of the file in this
// one, holds the lock.
var ErrLocked = errors.New("in use by another process")
