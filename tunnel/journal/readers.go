package journal

import (
	"slices"
	"sync"
	"sync/atomic"
)

// readers wakes whoever subscribed. The zero value has none.
type readers struct {
	mu   sync.Mutex // guards replacing the list; the lists themselves never change
	list atomic.Pointer[[]chan struct{}]
}

// Subscribe returns a channel that receives after changes, and a function that
// ends the subscription. The channel has a capacity of one: changes that the
// reader has not taken notice of yet are one message. It is never closed.
func (r *readers) Subscribe() (<-chan struct{}, func()) {
	wake := make(chan struct{}, 1)
	r.replace(func(list []chan struct{}) []chan struct{} { return append(list, wake) })
	return wake, func() {
		r.replace(func(list []chan struct{}) []chan struct{} {
			return slices.DeleteFunc(list, func(c chan struct{}) bool { return c == wake })
		})
	}
}

func (r *readers) replace(edit func([]chan struct{}) []chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []chan struct{}
	if old := r.list.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = edit(list)
	r.list.Store(&list)
}

// wake tells every reader that something changed. It never blocks.
func (r *readers) wake() {
	list := r.list.Load()
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
