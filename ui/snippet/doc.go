// Package snippet writes the lines that people copy: the environment that points
// programs here, the base URLs of model clients, and a request as a curl command.
// Whatever is put into them, a URL that a stranger chose included, is quoted so
// that the shell takes it for text; the quoting lives here and nowhere else.
//
// It shows nothing and asks nothing: the window, the tray and the terminal
// program hand it values and show the text.
package snippet
