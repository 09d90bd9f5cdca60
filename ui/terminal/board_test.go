package terminal

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"streamgauge/tunnel"
	"streamgauge/tunnel/recording"
	"streamgauge/tunnel/verdict"
)

// numbered returns a running row that is told from others by its method.
func numbered(n int) Row {
	ex := stream()
	ex.Method, ex.URL, ex.End = fmt.Sprintf("M%d", n), "http://a.test/", tunnel.Running
	return Row{Exchange: *ex, Verdict: recording.Judgement{Verdict: verdict.Verdict{Provisional: true}}}
}

func ended(r Row) Row {
	r.Exchange.End = tunnel.Complete
	return r
}

// methods returns what stands at the beginning of each line of the screen.
func methods(s *screen) string {
	var words []string
	for line := range strings.Lines(s.text()) {
		word, _, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestBoardKeepsRunningBelow(t *testing.T) {
	for _, c := range []struct {
		name   string
		frames []Frame
		want   string
	}{
		{"nothing yet", []Frame{{}}, "|"},
		{"one runs", []Frame{{Running: []Row{numbered(1)}}}, "meth | M1"},
		{
			"it goes on",
			[]Frame{{Running: []Row{numbered(1)}}, {Running: []Row{numbered(1)}}, {Running: []Row{numbered(1)}}},
			"meth | M1",
		},
		{
			"it ends while another runs",
			[]Frame{{Running: []Row{numbered(1), numbered(2)}}, {Finished: []Row{ended(numbered(1))}, Running: []Row{numbered(2)}}},
			"meth M1 | M2",
		},
		{
			"all end",
			[]Frame{
				{Running: []Row{numbered(1), numbered(2), numbered(3)}},
				{Finished: []Row{ended(numbered(3)), ended(numbered(2)), ended(numbered(1))}},
			},
			"meth M3 M2 M1 |",
		},
		{
			"more than fit end at once",
			[]Frame{
				{Running: []Row{numbered(0)}},
				{Finished: []Row{ended(numbered(1)), ended(numbered(2)), ended(numbered(3)), ended(numbered(4)), ended(numbered(5)), ended(numbered(6)), ended(numbered(7))}, Running: []Row{numbered(8)}},
				{Running: []Row{numbered(9)}},
			},
			"meth M1 M2 M3 M4 M5 M6 M7 | M9",
		},
		{
			"more run than are shown",
			[]Frame{{Running: []Row{numbered(1), numbered(2)}, Hidden: 7}, {Running: []Row{numbered(3), numbered(4)}, Hidden: 8}},
			"meth | M3 M4 and",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScreen(t, 80, 6)
			b := NewBoard(s, Style{Columns: 80, Unicode: true, Color: true, Moves: true}, s.size)
			for _, f := range c.frames {
				if err := b.Draw(f); err != nil {
					t.Fatal(err)
				}
			}
			if got := methods(s); got != c.want {
				t.Errorf("lines begin with %q, want %q\n%s", got, c.want, s.text())
			}
			if !s.shown || !s.wrap {
				t.Errorf("between frames: cursor shown %v, lines wrap %v, want both", s.shown, s.wrap)
			}
		})
	}
}

// However the terminal is resized while streams run, each line stands there
// once in the end.
func TestBoardSurvivesResizing(t *testing.T) {
	s := newScreen(t, 120, 10)
	b := NewBoard(s, Style{Columns: 120, Unicode: true, Moves: true}, s.size)
	running := []Row{numbered(1), numbered(2), numbered(3)}
	for _, columns := range []int{120, 60, 61, 200, 30, 80} {
		s.resize(columns, 10)
		if err := b.Draw(Frame{Running: running}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Draw(Frame{Finished: []Row{ended(running[0])}, Running: running[1:]}); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(s.text(), "url"), 2; got != want {
		t.Errorf("titles stand there %d times, want %d: first, and over the first line after the last width\n%s", got, want, s.text())
	}
	if got := strings.Count(s.text(), "M1"); got != 1 {
		t.Errorf("the first stands there %d times, want once\n%s", got, s.text())
	}
	_, below, _ := strings.Cut(s.text(), "|")
	if got, want := strings.Count(below, "\n"), 3; got != want {
		t.Errorf("%d lines from the cursor on, want %d\n%s", got, want, s.text())
	}
}

// What a person types is echoed at the cursor: an empty line more, and nothing torn.
func TestBoardSurvivesTyping(t *testing.T) {
	s := newScreen(t, 80, 10)
	b := NewBoard(s, Style{Columns: 80, Unicode: true, Moves: true}, s.size)
	frame := Frame{Running: []Row{numbered(1), numbered(2)}}
	for range 2 {
		if err := b.Draw(frame); err != nil {
			t.Fatal(err)
		}
		s.put('^')
		s.put('\n')
	}
	if err := b.Draw(frame); err != nil {
		t.Fatal(err)
	}
	if got, want := methods(s), "meth ^ ^ | M1 M2"; got != want {
		t.Errorf("lines begin with %q, want %q\n%s", got, want, s.text())
	}
}

func TestBoardOnAPipe(t *testing.T) {
	var b strings.Builder
	board := NewBoard(&b, Style{}, nil)
	for _, f := range []Frame{
		{Running: []Row{numbered(1)}, Hidden: 3},
		{Finished: []Row{ended(numbered(1))}},
		{},
	} {
		if err := board.Draw(f); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := b.String(), (Style{}).Line(ended(numbered(1)))+"\n"; got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

// watched runs a board over a screen in virtual time until the test's end.
func watched(t *testing.T, s *screen, changed <-chan struct{}, pull func(int) Frame) (stop func()) {
	b := NewBoard(s, Style{Columns: 80, Moves: true}, s.size)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.Watch(ctx, changed, pull) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestWatchDrawsAtMostTenTimesASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		changed := make(chan struct{}, 1)
		s := newScreen(t, 80, 10)
		stop := watched(t, s, changed, func(int) Frame { return Frame{Running: []Row{numbered(1)}} })
		for range 1000 {
			time.Sleep(time.Millisecond)
			select {
			case changed <- struct{}{}:
			default:
			}
		}
		synctest.Wait()
		if got, want := s.writes, 11; got != want { // the first one at 0
			t.Errorf("%d frames in a second of changes each millisecond, want %d", got, want)
		}
		stop()
	})
}

func TestWatchRestsWhenNothingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := []Row{numbered(1)}
		pulls := 0
		changed := make(chan struct{}, 1)
		s := newScreen(t, 80, 10)
		stop := watched(t, s, changed, func(int) Frame { pulls++; return Frame{Running: running} })
		time.Sleep(10*time.Second - time.Millisecond)
		synctest.Wait()
		if got, want := pulls, 10; got != want {
			t.Errorf("a silent stream is drawn %d times in 10 s, want %d", got, want)
		}
		running = nil
		changed <- struct{}{}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got, want := pulls, 11; got != want {
			t.Errorf("with nothing running pulled %d times, want %d", got, want)
		}
		stop()
	})
}

func TestWatchEndsWithAllThatFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScreen(t, 80, 10)
		rooms := []int{}
		stop := watched(t, s, nil, func(room int) Frame {
			rooms = append(rooms, room)
			if room > 0 {
				return Frame{Running: []Row{numbered(1), numbered(2)}}
			}
			return Frame{Finished: []Row{ended(numbered(1))}, Hidden: 1}
		})
		synctest.Wait()
		stop()
		if got, want := methods(s), "meth M1 |"; got != want {
			t.Errorf("lines begin with %q, want %q", got, want)
		}
		if got, want := fmt.Sprint(rooms), "[7 0]"; got != want {
			t.Errorf("room offered %s, want %s", got, want)
		}
	})
}

func BenchmarkDraw(b *testing.B) {
	screen := &strings.Builder{}
	board := NewBoard(screen, Style{Columns: 120, Unicode: true, Color: true, Moves: true}, func() (int, int) { return 120, 40 })
	frame := Frame{}
	for range 20 {
		frame.Running = append(frame.Running, sample()[0])
	}
	b.ReportAllocs()
	for b.Loop() {
		screen.Reset()
		if err := board.Draw(frame); err != nil {
			b.Fatal(err)
		}
	}
}
