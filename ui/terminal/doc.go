// Package terminal draws exchanges for people who read them in a terminal:
// sparklines of arrivals, one line an exchange, the running ones redrawn below
// the finished ones, and the report after a command. It decides nothing and
// reads nothing but what it is handed; the main joins it to the journal.
//
// Output policy: what is drawn depends on a [Style] that is settled once. A
// destination that is no terminal gets whole, unpadded fields without colour or
// pictures, fit for awk. What came from outside (URLs, methods, errors) is passed
// through [recording.Visible] here, so that nothing in it can steer the terminal.
// Credentials are masked where a [Row] is made, by [NewRow] and [Running].
package terminal
