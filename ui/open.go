package ui

// OpenExchange shows the window with the exchange of that ID chosen.
func (w *Window) OpenExchange(id string) {
	w.choose(id)
	w.Show()
}
