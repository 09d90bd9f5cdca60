package snippet

import (
	"strconv"
	"strings"
	"unicode"
)

// oneLine removes what no value of ours has and a terminal or an editor might
// act on when it is pasted: control characters, line ends among them, and the
// invisible ones that change the direction of text.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// plain reports whether every shell takes s for one word that means itself.
func plain(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/:-="
	return strings.Trim(s, letters) == "" && s != "" && s[0] != '='
}

// quotePOSIX quotes for sh, bash and zsh: nothing has a meaning between single
// quotes but the next one (POSIX.1-2017, Shell Command Language §2.2.2).
func quotePOSIX(s string) string {
	if s = oneLine(s); plain(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// quoteFish quotes for fish, where a backslash escapes within single quotes.
func quoteFish(s string) string {
	if s = oneLine(s); plain(s) {
		return s
	}
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// quotePowerShell quotes for PowerShell, which takes the typographic single
// quotes for the plain one and doubles each to mean itself.
func quotePowerShell(s string) string {
	double := func(r rune) string { return string(r) + string(r) }
	var b strings.Builder
	for _, r := range oneLine(s) {
		if strings.ContainsRune("'‘’‚‛", r) {
			b.WriteString(double(r))
			continue
		}
		b.WriteRune(r)
	}
	return "'" + b.String() + "'"
}

// quoteCmd writes a set command for the prompt of cmd. Within quotes only the
// quote and the percent sign mean something; where one of them is, a caret stands
// before everything that is special, the percent sign included: cmd looks for
// %NAME^% then, which is no variable's name.
func quoteCmd(assignment string) string {
	assignment = oneLine(assignment)
	if !strings.ContainsAny(assignment, `"%`) {
		return `set "` + assignment + `"`
	}
	var b strings.Builder
	for _, r := range assignment {
		if strings.ContainsRune(`"%^&|<>()!`, r) {
			b.WriteByte('^')
		}
		b.WriteRune(r)
	}
	return "set " + b.String()
}

// quoteYAML quotes for a Compose file, which besides YAML 1.2 §7.3.1 knows
// $VARIABLE, and $$ for the sign itself.
func quoteYAML(s string) string {
	return strings.ReplaceAll(strconv.Quote(oneLine(s)), "$", "$$")
}

// quoteCSV quotes one field of Docker's --mount (RFC 4180 §2).
func quoteCSV(s string) string {
	if !strings.ContainsAny(s, `,"`) {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
