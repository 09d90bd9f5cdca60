package form

// Reason says in plain words, in the language of the window, why a path did not
// work and what to look at.
func Reason(err error) string { return sayFailure(err) }
