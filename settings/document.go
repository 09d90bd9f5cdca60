package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"streamgauge/tunnel"
)

// fileVersion is the version of the file's form. It rises when a field changes
// its meaning, not when one is added.
const fileVersion = 1

const versionField = "version"

// document is the file as it stands: the members of one JSON object, in order,
// values untouched.
type document struct {
	members []member
}

type member struct {
	name  string
	value json.RawMessage
}

// parseDocument reads one JSON object and nothing after it.
func parseDocument(data []byte) (*document, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors begin a file with it
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8 text") // RFC 8259 §8.1
	}
	if !json.Valid(data) {
		return nil, syntaxError(data)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	open, err := dec.Token()
	if err != nil {
		return nil, err
	}
	if open != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	doc := &document{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: name.(string)} // JSON has no other names
		if err := dec.Decode(&m.value); err != nil {
			return nil, err
		}
		doc.members = append(doc.members, m)
	}
	return doc, nil
}

// syntaxError says in which line the JSON ceases to make sense.
func syntaxError(data []byte) error {
	var any json.RawMessage
	err := json.Unmarshal(data, &any)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line := 1 + bytes.Count(data[:max(int(syntax.Offset)-1, 0)], []byte("\n"))
		return fmt.Errorf("line %d: %w", line, err)
	}
	return err
}

// get returns the value of name. Of several the last counts, as with most
// readers of JSON.
func (d *document) get(name string) (json.RawMessage, bool) {
	for _, m := range slices.Backward(d.members) {
		if m.name == name {
			return m.value, true
		}
	}
	return nil, false
}

// set gives name a value and leaves the order of the others.
func (d *document) set(name string, value json.RawMessage) {
	for i, m := range slices.Backward(d.members) {
		if m.name == name {
			d.members[i].value = value
			return
		}
	}
	d.members = append(d.members, member{name, value})
}

// encode writes the document with one member a line.
func (d *document) encode() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range d.members {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(m.value)
	}
	out.WriteByte('}')
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, out.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	pretty.WriteByte('\n')
	return pretty.Bytes(), nil
}

// UnknownFieldError is a field of the file that this version does not know. It
// has no effect and is kept.
type UnknownFieldError struct {
	Field string
	// Meant is the field that was probably meant; empty if none is near.
	Meant string
}

// Error names the field; its value is not shown.
func (e *UnknownFieldError) Error() string {
	if e.Meant != "" {
		return fmt.Sprintf("setting %q: unknown, kept without effect; is %s meant?", e.Field, e.Meant)
	}
	return fmt.Sprintf("setting %q: unknown, kept without effect", e.Field)
}

// VersionError is a file of a later version. It is not touched.
type VersionError struct{ Got, Want int }

// Error names both versions.
func (e *VersionError) Error() string {
	return fmt.Sprintf("file has version %d, written by a newer Streamgauge; this one reads up to %d", e.Got, e.Want)
}

// settings decodes the document over the defaults. Every field that is wrong
// is reported and has its default; the result is always valid. Only a
// *VersionError is fatal.
func (d *document) settings() (Settings, []error, error) {
	problems, err := d.checkVersion()
	if err != nil {
		return Settings{}, nil, err
	}
	s := Default()
	seen := map[string]bool{}
	for _, m := range d.members {
		switch _, known := s.field(m.name); {
		case seen[m.name]:
			problems = append(problems, &FieldError{
				Field: shorten(m.name), Problem: "is given more than once; the last one counts", Remedy: "remove the others",
			})
		case !known && m.name != versionField:
			problems = append(problems, &UnknownFieldError{Field: shorten(m.name), Meant: similar(m.name)})
		}
		seen[m.name] = true
	}
	for _, name := range fieldNames {
		if e := d.decodeField(&s, name); e != nil {
			problems = append(problems, e)
		}
	}
	if clean, password := SplitPassword(s.Upstream); password != "" {
		s.Upstream = clean
		problems = append(problems, &FieldError{
			Field: "upstream", Value: shorten(clean), Problem: "contains a password, which is not used",
			Remedy: "take it out of the file; set " + EnvUpstreamPassword + ", or start a keyring and it is moved there",
		})
	}
	problems = append(problems, s.repair()...)
	return s.Clone(), problems, nil
}

func (d *document) checkVersion() ([]error, error) {
	raw, ok := d.get(versionField)
	if !ok {
		return nil, nil
	}
	var version int
	if err := json.Unmarshal(raw, &version); err != nil || version < 1 {
		return []error{&FieldError{
			Field: versionField, Problem: "is not a whole number from 1", Remedy: fmt.Sprintf("write %d", fileVersion),
		}}, nil
	}
	if version > fileVersion {
		return nil, &VersionError{Got: version, Want: fileVersion}
	}
	return nil, nil
}

// decodeField reads the named field into s; null and absence leave the default.
func (d *document) decodeField(s *Settings, name string) error {
	raw, ok := d.get(name)
	if !ok || string(raw) == "null" {
		return nil
	}
	f, _ := s.field(name)
	value := reflect.New(f.Type())
	if err := json.Unmarshal(raw, value.Interface()); err != nil {
		return wrongType(name, raw, f.Type())
	}
	f.Set(value.Elem())
	return nil
}

// repair gives the default to each field that does not pass and says so, until
// all do: a default may collide with a field that was right before.
func (s *Settings) repair() []error {
	var problems []error
	for range fieldNames {
		bad := s.problems()
		if len(bad) == 0 {
			break
		}
		for _, e := range bad {
			problems = append(problems, e)
			s.reset(e.Field)
		}
	}
	return problems
}

// merge makes the document say next and changes no more than that takes: only
// fields that would read differently are written. That is repeated, since
// writing one field can bring another into force that did not pass before.
// next must be valid.
func (d *document) merge(next Settings) error {
	if _, ok := d.get(versionField); !ok {
		d.members = slices.Insert(d.members, 0, member{versionField, json.RawMessage(strconv.Itoa(fileVersion))})
	}
	if err := d.stripPassword(); err != nil {
		return err
	}
	for range fieldNames {
		now, _, err := d.settings()
		if err != nil {
			return err
		}
		changed, err := d.setDiffering(now, next)
		if err != nil || !changed {
			return err
		}
	}
	return nil
}

func (d *document) setDiffering(now, next Settings) (changed bool, err error) {
	for _, name := range fieldNames {
		before, err := now.encodeField(name)
		if err != nil {
			return changed, err
		}
		after, err := next.encodeField(name)
		if err != nil {
			return changed, err
		}
		if !bytes.Equal(before, after) {
			d.set(name, after)
			changed = true
		}
	}
	return changed, nil
}

// upstreamWithPassword returns the upstream in force if its URL has a password.
func (d *document) upstreamWithPassword() (tunnel.Upstream, bool) {
	raw, _ := d.get("upstream")
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return tunnel.Upstream{}, false
	}
	up, err := tunnel.ParseUpstream(text)
	return up, err == nil && up.Password != ""
}

// stripPassword rewrites every upstream member without what may be a password.
func (d *document) stripPassword() error {
	for i, m := range d.members {
		var upstream string
		if m.name != "upstream" || json.Unmarshal(m.value, &upstream) != nil {
			continue
		}
		clean, _ := SplitPassword(upstream)
		if clean == upstream {
			continue
		}
		value, err := json.Marshal(clean)
		if err != nil {
			return err
		}
		d.members[i].value = value
	}
	return nil
}

func (s *Settings) encodeField(name string) (json.RawMessage, error) {
	f, _ := s.field(name)
	raw, err := json.Marshal(f.Interface())
	if string(raw) == "null" { // a list or map that was never made
		raw = json.RawMessage("[]")
		if f.Kind() == reflect.Map {
			raw = json.RawMessage("{}")
		}
	}
	return raw, err
}

// wrongType says what kind of value was found and which is wanted. The value
// stays out: it may be a password in the wrong place.
func wrongType(name string, raw json.RawMessage, want reflect.Type) *FieldError {
	example := map[reflect.Type]string{
		reflect.TypeFor[string]():            `a text in quotes`,
		reflect.TypeFor[[]string]():          `a list of texts, e.g. ["intra.example"]`,
		reflect.TypeFor[bool]():              `true or false`,
		reflect.TypeFor[int]():               `a whole number`,
		reflect.TypeFor[Duration]():          `a duration with its unit, e.g. "10s"`,
		reflect.TypeFor[map[string]string](): `names with base URLs, e.g. {"lab": "https://lab.example/api"}`,
	}[want]
	return &FieldError{
		Field: name, Problem: "is " + kindOf(raw) + " that does not fit, want " + example, Remedy: "write " + example,
	}
}

func kindOf(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "a text"
	case '[':
		return "a list"
	case '{':
		return "an object"
	case 't', 'f':
		return "a truth value"
	}
	return "a number"
}

// similar returns the field that name is a spelling of, or "".
func similar(name string) string {
	if len(name) > 2*maxShown {
		return ""
	}
	plain := spelling.Replace(strings.ToLower(name))
	for _, known := range fieldNames {
		if spelling.Replace(known) == plain {
			return known
		}
	}
	return ""
}

var spelling = strings.NewReplacer("_", "", "-", "", " ", "")
