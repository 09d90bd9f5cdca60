package settings

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
)

// Store is the settings file and the settings in force. All methods may be
// called concurrently, by several processes too: a change made elsewhere to
// another field is kept and comes into force here with the next [Store.Update].
type Store struct {
	path string

	// updating is held for a whole Update, notification included, so that
	// subscribers see the changes in the order in which they were written.
	updating sync.Mutex

	mu          sync.Mutex // guards what follows
	current     Settings
	subscribers []*subscriber
}

type subscriber struct{ notify func(Settings) }

// Open reads the file at path, see [DefaultPath]; it need not exist and is not
// made. What is odd about it comes back as problems, to be shown to the user:
//
//   - [*FieldError]: the field is wrong and has its default; the file is left
//     as it is. A program that would send traffic another way because of it
//     (upstream, bypass) should rather not start.
//   - [*UnknownFieldError]: the field has no effect and is kept.
//   - [*CorruptError]: the file was put aside under another name and the
//     defaults are in force.
//   - [*PasswordMoved]: the upstream's URL had a password.
//
// A file that cannot be read, is over 1 MiB or of a later version
// ([*VersionError]) is an error: its owner meant something by it. secrets, if
// not nil, takes a password found in the file.
func Open(path string, secrets Secrets) (s *Store, problems []error, err error) {
	doc, err := read(path)
	var corrupt *CorruptError
	switch {
	case errors.As(err, &corrupt):
		doc, problems, err = readAside(path)
	case err == nil:
		if _, found := doc.upstreamWithPassword(); found && secrets != nil {
			doc, problems, err = movePassword(path, secrets)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	current, more, err := doc.settings()
	if err != nil {
		return nil, nil, fmt.Errorf("read settings %s: %w", path, err)
	}
	return &Store{path: path, current: current}, append(problems, more...), nil
}

// readAside reads again, now that no other process writes or has put the file
// aside already, and if it still cannot be understood moves it out of the way.
func readAside(path string) (*document, []error, error) {
	unlock, err := lock(path)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	doc, err := read(path)
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) {
		return doc, nil, err
	}
	corrupt.MovedTo, err = setAside(path)
	if err != nil {
		return nil, nil, fmt.Errorf("%w; move it aside: %w", corrupt, err)
	}
	return &document{}, []error{corrupt}, nil
}

// PasswordMoved is the news that a password stood in the file and is in the
// keyring now.
type PasswordMoved struct {
	// Upstream is the URL without it.
	Upstream string
}

// Error tells the news.
func (e *PasswordMoved) Error() string {
	return fmt.Sprintf("setting upstream %q: its password was moved from the file to the keyring", e.Upstream)
}

// movePassword hands the upstream's password to secrets and takes it out of the
// file. If secrets cannot keep it the file stays as it is, and reading it says so.
func movePassword(path string, secrets Secrets) (*document, []error, error) {
	unlock, err := lock(path)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	doc, err := read(path)
	if err != nil {
		return nil, nil, err
	}
	up, found := doc.upstreamWithPassword()
	if _, _, err := doc.settings(); !found || err != nil {
		return doc, nil, err // another process was faster, or a later version
	}
	if err := secrets.Set(UpstreamAccount(up), up.Password); err != nil {
		return doc, []error{&SecretError{
			Account: UpstreamAccount(up), Remedy: "set the environment variable " + EnvUpstreamPassword, Err: err,
		}}, nil
	}
	if err := doc.stripPassword(); err != nil {
		return nil, nil, err
	}
	if err := doc.save(path); err != nil {
		return nil, nil, err
	}
	up.Password = ""
	return doc, []error{&PasswordMoved{Upstream: up.String()}}, nil
}

// save writes the document to path. The caller holds the lock.
func (d *document) save(path string) error {
	data, err := d.encode()
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	return write(path, data)
}

// Get returns the settings in force.
func (s *Store) Get() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current.Clone()
}

// Update lets change edit the settings, checks and writes them, and then calls
// the subscribers. If anything is wrong, with the change or with the file, the
// error says what, the file is left alone and the old settings stay in force.
// Of the file only the fields that change are rewritten. change sees what the
// file says now, which may be newer than [Store.Get].
func (s *Store) Update(change func(*Settings)) error {
	s.updating.Lock()
	defer s.updating.Unlock()
	next, err := s.rewrite(change)
	if err != nil {
		return err
	}
	s.mu.Lock()
	changed := !reflect.DeepEqual(s.current, next)
	s.current = next
	subscribers := slices.Clone(s.subscribers)
	s.mu.Unlock()
	if !changed {
		return nil
	}
	for _, sub := range subscribers {
		if s.subscribed(sub) {
			sub.notify(next.Clone())
		}
	}
	return nil
}

// rewrite is the part of Update that other processes must not disturb.
func (s *Store) rewrite(change func(*Settings)) (Settings, error) {
	unlock, err := lock(s.path)
	if err != nil {
		return Settings{}, err
	}
	defer unlock()
	doc, err := read(s.path)
	if err != nil {
		return Settings{}, err
	}
	before, _, err := doc.settings()
	if err != nil {
		return Settings{}, fmt.Errorf("read settings %s: %w", s.path, err)
	}
	next := before.Clone()
	change(&next)
	next.remember(before.Upstream)
	next = next.Clone() // change may have kept the list it put in
	if err := next.Validate(); err != nil {
		return Settings{}, err
	}
	if reflect.DeepEqual(before, next) {
		return next, nil
	}
	if err := doc.merge(next); err != nil {
		return Settings{}, fmt.Errorf("encode settings: %w", err)
	}
	return next, doc.save(s.path)
}

// Subscribe calls f after every change, in the order of subscription and of
// changes, one call at a time, from whichever goroutine made the change. f may
// call Get and Subscribe but not Update. A call under way when unsubscribe is
// called still finishes.
func (s *Store) Subscribe(f func(Settings)) (unsubscribe func()) {
	sub := &subscriber{notify: f}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribers = append(s.subscribers, sub)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.subscribers = slices.DeleteFunc(s.subscribers, func(other *subscriber) bool { return other == sub })
	}
}

// subscribed reports whether sub has not been removed, by an earlier subscriber
// for instance.
func (s *Store) subscribed(sub *subscriber) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.subscribers, sub)
}
