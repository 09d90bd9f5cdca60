package form

import (
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"streamgauge/tunnel"
	"streamgauge/ui/words"
)

// trial is a test that can be started, watched, ended early and read.
type trial[T any] struct {
	// cancel ends the one that runs; nil while none does.
	cancel context.CancelFunc
	result *T
	// show puts what there is onto the page.
	show func()
}

// bench is where a trial is shown: a button, while it runs progress and a way to
// end it, and below them the result.
type bench struct {
	start, stop *widget.Button
	progress    *widget.ProgressBarInfinite
	result      *fyne.Container
	place       fyne.CanvasObject // of the result
	objects     []fyne.CanvasObject
}

func newBench(label, about string, start, stop func()) *bench {
	b := &bench{
		start:    widget.NewButtonWithIcon(label, theme.MediaPlayIcon(), start),
		stop:     widget.NewButtonWithIcon(words.T("Cancel"), theme.CancelIcon(), stop),
		progress: widget.NewProgressBarInfinite(),
		result:   container.New(column{}),
	}
	b.progress.Stop()
	line := container.NewBorder(nil, nil, container.NewHBox(b.start, b.stop), nil, b.progress)
	b.place = inControls(b.result)
	b.objects = []fyne.CanvasObject{newRow("", line, about).object, b.place}
	return b
}

// inControls places an object under the controls of the fields.
func inControls(o fyne.CanvasObject) fyne.CanvasObject {
	return container.New(beside{}, widget.NewLabel(""), o)
}

// show is given whether the trial runs and the objects that tell its result.
func (b *bench) show(running bool, result ...fyne.CanvasObject) {
	if running {
		b.start.Hide()
		b.stop.Show()
		b.progress.Show()
		b.progress.Start()
	} else {
		b.start.Show()
		b.stop.Hide()
		b.progress.Stop()
		b.progress.Hide()
	}
	b.result.Objects = result
	b.result.Refresh()
	if len(result) > 0 {
		b.place.Show()
	} else {
		b.place.Hide()
	}
}

// begin starts a trial unless it runs.
func begin[T any](f *Form, t *trial[T], limit time.Duration, run func(context.Context) T) {
	if t.cancel != nil {
		return
	}
	ctx, cancel := context.WithTimeout(f.ctx, limit)
	t.cancel, t.result = cancel, nil
	t.show()
	f.background(func() func() {
		result := run(ctx)
		ended := ctx.Err() == context.Canceled
		cancel()
		return func() {
			t.cancel = nil
			if !ended {
				t.result = &result
			}
			t.show()
		}
	})
}

// end ends a trial early; one that was ended has no result.
func (t *trial[T]) end() {
	if t.cancel != nil {
		t.cancel()
	}
}

// How long a test may take before it is given up.
const (
	upstreamTestLimit = 2 * time.Minute
	selfTestLimit     = time.Minute
)

// upstreamTest tries what stands in the fields, in force or not.
func (f *Form) upstreamTest() []fyne.CanvasObject {
	b := newBench(words.T("form.test.start"), words.T("form.test.about"), func() {
		f.takeCredentials()
		next, wrong := f.draft.next()
		if wrong[fieldUpstream] != nil || wrong[fieldUpstreamUser] != nil {
			return // the fields say why
		}
		upstream := withPassword(next.Upstream, f.passwords[upstreamPassword].text)
		begin(f, &f.upstream, upstreamTestLimit, func(ctx context.Context) tunnel.PathTest {
			return f.config.Prober.TestUpstream(ctx, upstream)
		})
	}, func() { f.upstream.end() })
	f.upstream.show = func() {
		var told []fyne.CanvasObject
		if f.upstream.result != nil {
			told = tellPath(*f.upstream.result)
		}
		f.reveal(b, f.upstream.cancel != nil, told)
	}
	return b.objects
}

// selfTest measures what we add.
func (f *Form) selfTest() []fyne.CanvasObject {
	b := newBench(words.T("form.self.start"), words.T("form.self.about"), func() {
		begin(f, &f.self, selfTestLimit, f.config.Prober.SelfTest)
	}, func() { f.self.end() })
	f.self.show = func() {
		var told []fyne.CanvasObject
		if f.self.result != nil {
			told = tellSelf(*f.self.result)
		}
		f.reveal(b, f.self.cancel != nil, told)
	}
	return b.objects
}

// reveal shows how a trial stands, where it can be seen.
func (f *Form) reveal(b *bench, running bool, told []fyne.CanvasObject) {
	b.show(running, told...)
	f.settle()
	if p := f.pages[f.selected]; len(told) > 0 && slices.Contains(p.body.Objects, b.place) {
		p.reveal(b.place)
	}
}

// settle lays the page that is shown out anew after something has come or gone.
// The others are when they are turned to.
func (f *Form) settle() { f.pages[f.selected].settle() }
