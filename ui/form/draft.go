package form

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"streamgauge/settings"
	"streamgauge/tunnel"
)

// The typed fields: those of settings by the name they have there, and the user
// of the upstream, which is part of its URL there.
const (
	fieldListen       = "listen"
	fieldListenUser   = "listen_user"
	fieldUpstream     = "upstream"
	fieldUpstreamUser = "upstream_user"
	fieldBypass       = "bypass"
)

// typed is a field that is typed: how it reads, and how the text becomes a value.
type typed struct {
	name string
	read func(settings.Settings) string
	// write puts the text of d into s. What can be a value at all is left for
	// settings to judge.
	write func(s *settings.Settings, d *draft) *settings.FieldError
}

// typedFields lists them in the order of the form.
func typedFields() []typed {
	return []typed{
		{
			fieldListen,
			func(s settings.Settings) string { return s.Listen },
			func(s *settings.Settings, d *draft) *settings.FieldError {
				s.Listen = strings.TrimSpace(d.text(fieldListen))
				return nil
			},
		},
		{
			fieldListenUser,
			func(s settings.Settings) string { return s.ListenUser },
			func(s *settings.Settings, d *draft) *settings.FieldError {
				s.ListenUser = d.text(fieldListenUser)
				return nil
			},
		},
		{fieldUpstream, func(s settings.Settings) string { clean, _ := splitUser(s.Upstream); return clean }, writeUpstream},
		{fieldUpstreamUser, func(s settings.Settings) string { _, user := splitUser(s.Upstream); return user }, writeUpstream},
		{
			fieldBypass,
			func(s settings.Settings) string { return strings.Join(s.Bypass, "\n") },
			func(s *settings.Settings, d *draft) *settings.FieldError {
				s.Bypass = strings.FieldsFunc(d.text(fieldBypass), isSeparator)
				return nil
			},
		},
		duration("connect_timeout", func(s *settings.Settings) *settings.Duration { return &s.ConnectTimeout }),
		duration("handshake_timeout", func(s *settings.Settings) *settings.Duration { return &s.HandshakeTimeout }),
		duration("dial_timeout", func(s *settings.Settings) *settings.Duration { return &s.DialTimeout }),
		duration("tunnel_idle_timeout", func(s *settings.Settings) *settings.Duration { return &s.TunnelIdleTimeout }),
		hosts(),
		targets(),
		number("keep_exchanges", func(s *settings.Settings) *int { return &s.KeepExchanges }),
		number("keep_chunks", func(s *settings.Settings) *int { return &s.KeepChunks }),
	}
}

func duration(name string, of func(*settings.Settings) *settings.Duration) typed {
	return typed{
		name,
		func(s settings.Settings) string { return of(&s).String() },
		func(s *settings.Settings, d *draft) *settings.FieldError {
			if err := of(s).UnmarshalText([]byte(strings.TrimSpace(d.text(name)))); err != nil {
				return &settings.FieldError{Field: name, Code: "duration", Problem: "is not a duration"}
			}
			return nil
		},
	}
}

func number(name string, of func(*settings.Settings) *int) typed {
	return typed{
		name,
		func(s settings.Settings) string { return strconv.Itoa(*of(&s)) },
		func(s *settings.Settings, d *draft) *settings.FieldError {
			n, err := strconv.Atoi(strings.TrimSpace(d.text(name)))
			if err != nil {
				return &settings.FieldError{Field: name, Code: "number", Problem: "is not a whole number"}
			}
			*of(s) = n
			return nil
		},
	}
}

// isSeparator tells the entries of a list apart, Chinese commas included.
func isSeparator(r rune) bool { return strings.ContainsRune(", ;\t\r\n，；、", r) }

// splitUser takes the user name out of an upstream in force.
func splitUser(upstream string) (clean, user string) {
	up, err := tunnel.ParseUpstream(upstream)
	if err != nil || up.User == "" {
		return upstream, ""
	}
	return up.String(), up.User
}

// writeUpstream joins URL and user name. A URL that has a user itself keeps it,
// and one that is none is left for settings to judge.
func writeUpstream(s *settings.Settings, d *draft) *settings.FieldError {
	s.Upstream = strings.TrimSpace(d.text(fieldUpstream))
	user := d.text(fieldUpstreamUser)
	up, err := tunnel.ParseUpstream(s.Upstream)
	if err != nil || up.IsDirect() || up.User != "" || user == "" {
		return nil
	}
	s.Upstream = (&url.URL{Scheme: string(up.Scheme), User: url.User(user), Host: up.Addr()}).String()
	return nil
}

// draft is what was typed and is not in force yet.
type draft struct {
	base   settings.Settings // in force
	texts  map[string]string // by field, of those that read differently
	fields []typed
}

func newDraft(base settings.Settings) *draft {
	return &draft{base: base, texts: map[string]string{}, fields: typedFields()}
}

// text is what stands in a field.
func (d *draft) text(name string) string {
	if text, ok := d.texts[name]; ok {
		return text
	}
	return d.inForce(name)
}

// inForce is what a field reads without the draft.
func (d *draft) inForce(name string) string {
	i := slices.IndexFunc(d.fields, func(f typed) bool { return f.name == name })
	return d.fields[i].read(d.base)
}

// edit writes down what was typed.
func (d *draft) edit(name, text string) {
	if text == d.inForce(name) {
		delete(d.texts, name)
		return
	}
	d.texts[name] = text
}

// changed lists the fields that read differently from what is in force, in the
// order of the form.
func (d *draft) changed() []string {
	var names []string
	for _, f := range d.fields {
		if _, ok := d.texts[f.name]; ok {
			names = append(names, f.name)
		}
	}
	return names
}

// apply puts the changed fields into s, which may be newer than the base.
func (d *draft) apply(s *settings.Settings) []*settings.FieldError {
	var wrong []*settings.FieldError
	for _, f := range d.fields {
		if _, ok := d.texts[f.name]; !ok {
			continue
		}
		if e := f.write(s, d); e != nil {
			wrong = append(wrong, e)
		}
	}
	return wrong
}

// next is what the settings would be, and what is wrong with that, by field.
func (d *draft) next() (settings.Settings, map[string]*settings.FieldError) {
	s := d.base.Clone()
	wrong := map[string]*settings.FieldError{}
	for _, e := range append(d.apply(&s), fieldErrors(s.Validate())...) {
		if name := place(e); wrong[name] == nil {
			wrong[name] = e
		}
	}
	return s, wrong
}

// rebase takes over what is in force now. What was typed stays.
func (d *draft) rebase(base settings.Settings) {
	d.base = base
	for name, text := range d.texts {
		d.edit(name, text)
	}
}

// fieldErrors takes the joined error of settings apart.
func fieldErrors(err error) []*settings.FieldError {
	var all []*settings.FieldError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, fieldErrors(e)...)
		}
		return all
	}
	var e *settings.FieldError
	if errors.As(err, &e) {
		all = append(all, e)
	}
	return all
}

// place is the field beside which an error is told: where it can be put right.
func place(e *settings.FieldError) string {
	switch e.Code {
	case "listen_open":
		return fieldListenUser
	case "upstream_control", "upstream_long", "upstream_colon":
		return fieldUpstreamUser
	}
	if e.Field == "decrypt_off" {
		return fieldDecrypt
	}
	return e.Field
}
