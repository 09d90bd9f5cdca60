package tunnel

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Bell wakes whoever subscribed to the changes of something. The zero value has
// no subscribers. All methods may be called concurrently.
type Bell struct {
	mu   sync.Mutex // guards replacing the list; the lists themselves never change
	list atomic.Pointer[[]chan struct{}]
}

// Subscribe returns a channel that receives after changes, and a function that
// ends the subscription. The channel has a capacity of one: changes that the
// reader has not taken notice of yet are one message. It is never closed.
func (b *Bell) Subscribe() (<-chan struct{}, func()) {
	wake := make(chan struct{}, 1)
	b.replace(func(list []chan struct{}) []chan struct{} { return append(list, wake) })
	return wake, func() {
		b.replace(func(list []chan struct{}) []chan struct{} {
			return slices.DeleteFunc(list, func(c chan struct{}) bool { return c == wake })
		})
	}
}

func (b *Bell) replace(edit func([]chan struct{}) []chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []chan struct{}
	if old := b.list.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = edit(list)
	b.list.Store(&list)
}

// Ring tells every subscriber that something changed. It never blocks.
func (b *Bell) Ring() {
	list := b.list.Load()
	if list == nil {
		return
	}
	for _, c := range *list {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Heard reports whether anyone subscribes.
func (b *Bell) Heard() bool {
	list := b.list.Load()
	return list != nil && len(*list) > 0
}
