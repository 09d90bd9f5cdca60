package tap

// maxHeld is how many bytes of an unfinished unit are held, so that its content
// can be read once it is whole.
const maxHeld = 64 << 10

// window holds what has come of a body since the last unit ended. So a unit that
// came in several reads is seen in one piece, while one that came within a read
// is not copied.
type window struct {
	held  []byte // the bytes from start on that came before now
	start int64  // where in the body held begins
	lacks bool   // bytes between held and now were not held
	now   []byte // what was fed last
	at    int64  // where in the body now begins
	done  int64  // where the last unit ended
}

// begin takes the next bytes, to be looked at until end.
func (w *window) begin(p []byte) {
	w.at += int64(len(w.now))
	w.now = p
}

// cut returns the n bytes at offset, or their beginning where not all were
// held; valid until end. Units are asked for in their order.
func (w *window) cut(offset int64, n int) []byte {
	w.done = offset + int64(n)
	if offset >= w.at {
		from := min(int(offset-w.at), len(w.now))
		return w.now[from:min(from+n, len(w.now))]
	}
	from := offset - w.start
	if from < 0 || from > int64(len(w.held)) {
		return nil
	}
	if over := w.done - w.at; over > 0 && !w.lacks {
		over = min(over, int64(len(w.now)), max(int64(maxHeld-len(w.held)), 0))
		w.held = append(w.held, w.now[:over]...)
		w.lacks = true // it is not to be added twice
	}
	return w.held[from:min(from+int64(n), int64(len(w.held)))]
}

// end holds what belongs to no unit yet.
func (w *window) end() {
	from := max(w.done-w.at, 0)
	switch {
	case w.done >= w.at && w.done > w.start:
		w.held, w.start, w.lacks = w.held[:0], w.done, false
	case w.done > w.start:
		// Only while the kind of units was open can one have ended before now.
		passed := min(w.done-w.start, int64(len(w.held)))
		w.held, w.start = w.held[:copy(w.held, w.held[passed:])], w.done
	}
	if w.lacks || from >= int64(len(w.now)) {
		return
	}
	rest := w.now[from:]
	room := maxHeld - len(w.held)
	w.held = append(w.held, rest[:min(len(rest), room)]...)
	w.lacks = len(rest) > room
}
