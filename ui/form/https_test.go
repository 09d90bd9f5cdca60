package form

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/ui/words"
)

// authority is a CA in memory.
type authority struct {
	status AuthorityStatus
	err    error
}

func (a *authority) Status() (AuthorityStatus, error) { return a.status, nil }

func (a *authority) Create() error {
	a.status = AuthorityStatus{Exists: true, Path: "/ca.pem", Expires: time.Now().AddDate(1, 0, 0)}
	return a.err
}

func (a *authority) Install(context.Context) ([]string, error) {
	if a.err == nil {
		a.status.Trusted = []string{"system", "Firefox"}
	}
	return []string{"copied to the trust store"}, a.err
}

func (a *authority) Remove(context.Context) ([]string, error) {
	a.status = AuthorityStatus{}
	return []string{"deleted the key"}, a.err
}

// answer presses a button of the dialog that is open.
func (w *world) answer(text string) {
	w.t.Helper()
	top := w.window.Canvas().Overlays().Top()
	for _, o := range test.LaidOutObjects(top) {
		if b, ok := o.(*widget.Button); ok && b.Text == text {
			test.Tap(b)
			return
		}
	}
	w.t.Fatalf("no button %q in the dialog", text)
}

func (w *world) wantTold(part string) {
	w.t.Helper()
	if got := w.told(); !strings.Contains(got, part) {
		w.t.Errorf("the pages do not say %q", part)
	}
}

func TestAuthority(t *testing.T) {
	w := newWorld(t, words.English)
	w.form.Open("key_log")
	w.wantTold("None yet")
	if button(w.form.pages[2].body, "Remove").Visible() {
		t.Error("a CA that is not there can be removed")
	}
	w.press("Create")
	w.wantTold("Not trusted by this system yet")
	w.press("Trust on this system")
	if len(w.ca.status.Trusted) != 0 {
		t.Error("installed without asking")
	}
	w.answer("Cancel")
	if len(w.ca.status.Trusted) != 0 {
		t.Error("installed though the answer was no")
	}
	w.press("Trust on this system")
	w.answer("Trust on this system")
	w.wantTold("Trusted by: system, Firefox.")
	w.wantTold("copied to the trust store")
	w.press("Copy path")
	if got := fyne.CurrentApp().Clipboard().Content(); got != "/ca.pem" {
		t.Errorf("the clipboard has %q, want the path", got)
	}
	w.press("Remove")
	w.answer("Remove")
	w.wantTold("None yet")
	w.wantTold("deleted the key")
}

func TestAuthorityFails(t *testing.T) {
	w := newWorld(t, words.Chinese)
	w.press("创建")
	w.ca.err = errors.New("update-ca-certificates: not permitted")
	w.press("让本系统信任")
	w.answer("让本系统信任")
	w.wantTold("未能完成：update-ca-certificates: not permitted")
	w.wantTold("本系统尚未信任")
}

func TestAuthorityExpired(t *testing.T) {
	w := newWorld(t, words.English)
	w.ca.status = AuthorityStatus{Exists: true, Expires: time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)}
	w.form.Relabel()
	w.wantTold("Expired on 2020-01-02")
}

func TestHostsToOpen(t *testing.T) {
	w := newWorld(t, words.English)
	list := w.form.lists[fieldDecrypt]
	for i, host := range []string{"a.example", "*.b.example"} {
		w.press("Add a host")
		test.Type(list.all[i].entries[0], host)
	}
	list.all[1].entries[0].TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	w.wantTold("None yet")
	if err := w.ca.Create(); err != nil { // as the proxy does
		t.Fatal(err)
	}
	w.form.ShowState(tunnel.State{On: true})
	w.wantTold("Not trusted by this system yet")
	if got, want := w.store.Get().Decrypt, []string{"a.example", "*.b.example"}; !slices.Equal(got, want) {
		t.Errorf("hosts %q, want %q", got, want)
	}
	w.enter("keep_chunks", "1") // wrong, and of no concern to the switch
	test.Tap(list.all[0].check)
	if got := w.store.Get(); !slices.Equal(got.Decrypt, []string{"*.b.example"}) || !slices.Equal(got.DecryptOff, []string{"a.example"}) {
		t.Errorf("open %q, off %q; want the first switched off at once", got.Decrypt, got.DecryptOff)
	}
	if got := list.all[0].entries[0].Text; got != "a.example" {
		t.Errorf("the first line reads %q, want it to stay where it was", got)
	}
	test.Tap(list.all[0].check)
	if got := w.store.Get(); len(got.Decrypt) != 2 || len(got.DecryptOff) != 0 {
		t.Errorf("open %q, off %q; want both open again", got.Decrypt, got.DecryptOff)
	}
	w.press("Add a host")
	test.Type(list.all[2].entries[0], "https://a.example")
	w.wantNote(fieldDecrypt, "is a URL", alarm)
	list.all[2].entries[0].SetText("a.example")
	w.wantNote(fieldDecrypt, "a.example is there twice", alarm)
	if got := w.store.Get().Decrypt; len(got) != 2 {
		t.Errorf("hosts %q, want no change by what is wrong", got)
	}
}
