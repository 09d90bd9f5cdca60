// Package words is every text that a person reads in the window and the tray, in
// the language chosen. The texts lie in assets/translations, one file a language,
// under keys that begin with the room that shows them: "form.port.title".
//
// They go through Fyne's lang, which follows the system's languages and has no
// call to choose another. So a choice is made by giving the system's own locale
// the texts of the language chosen, Fyne's few words (Quit, Copy …) among them;
// what shows a text asks for it again after [Use].
package words

import (
	"fmt"
	"maps"
	"strings"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"streamgauge/assets"
)

// The languages, as settings name them.
const (
	System  = "system"
	English = "en"
	Chinese = "zh"
)

// current is the language in use, English or Chinese; nil before Use.
var current atomic.Pointer[string]

// Use makes [T] and [N] speak language from now on: English, Chinese, or the
// system's where that is one of them. Anything else is English. Call it on the
// goroutine of the user interface, before the first text and at each change.
func Use(language string) error {
	system := lang.SystemLocale()
	chosen := resolve(language, system)
	if err := lang.AddTranslationsForLocale(assets.Translation(chosen), system); err != nil {
		return fmt.Errorf("use language %q: %w", chosen, err)
	}
	current.Store(&chosen)
	return nil
}

// resolve returns English or Chinese.
func resolve(language string, system fyne.Locale) string {
	if language == System {
		language = system.LanguageString()
	}
	if tag, _, _ := strings.Cut(strings.ReplaceAll(language, "_", "-"), "-"); strings.EqualFold(tag, Chinese) {
		return Chinese
	}
	return English
}

// Language returns the language in use: English or Chinese.
func Language() string {
	if language := current.Load(); language != nil {
		return *language
	}
	return English
}

// Values fill the {{.Name}} places of a text.
type Values = map[string]any

// T returns the text of key. values may be left out where the text has no places
// to fill. A key that does not exist is returned as it is; a test finds it.
func T(key string, values ...Values) string {
	if len(values) == 0 {
		return lang.X(key, key)
	}
	return lang.X(key, key, values[0])
}

// N returns the text of key for a count, which fills {{.Count}}.
func N(key string, count int, values ...Values) string {
	all := Values{"Count": count}
	for _, more := range values {
		maps.Copy(all, more)
	}
	return lang.XN(key, key, count, all)
}
