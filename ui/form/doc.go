// Package form is the window's settings: every field of package settings in
// words, checked while it is typed, and put into force without a restart.
//
// Switches and choices act at once; what is typed acts with Enter or Apply, and
// stays as it was typed until then, whatever else changes. Nothing that is wrong
// reaches the store: the form asks settings for its opinion with every letter and
// shows it beside the field, with what to write instead. Passwords go to the
// keyring and are never shown again.
//
// The form stands alone: it knows the store, the keyring and the rest of the
// program by the small interfaces of [Config]. Whoever shows it puts
// [Form.Content] into a window, calls [Form.Relabel] when the language changes
// and [Form.Close] at the end. All methods belong to the goroutine of the user
// interface. What may take long runs elsewhere.
package form
