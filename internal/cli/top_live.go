package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"golang.org/x/term"
)

// A topScreen is the live view. One goroutine changes the model and draws; the
// others only send it what happened.
type topScreen struct {
	out    io.Writer
	tty    *os.File
	server string
	model  topModel
	keys   keyReader
	shown  []string // the lines on the terminal
}

// topEvent is something that changes the model.
type topEvent func(*topScreen) error

// topLive shows the view until the user quits or ctx ends. The terminal is put
// back whatever happens.
func topLive(ctx context.Context, s *shared, o topOptions, feeds topFeeds, server string, tty *os.File) (err error) {
	v := &topScreen{out: s.streams.Out, tty: tty, server: server, model: topModel{sort: o.sort, filter: o.filter}}
	restore, err := rawMode(tty)
	if err != nil {
		return fmt.Errorf("switch the terminal to raw mode: %w", err)
	}
	defer restore()
	defer func() { _, _ = io.WriteString(v.out, "\x1b[?1049l\x1b[?25h\x1b[?7h") }()
	if _, err := io.WriteString(v.out, "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"); err != nil {
		return err
	}
	ctx, leave := context.WithCancelCause(ctx)
	events := make(chan topEvent)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer leave(nil)
	v.start(ctx, leave, &workers, events, feeds, s.streams.In)
	return v.loop(ctx, events)
}

// start runs what feeds the view.
func (v *topScreen) start(ctx context.Context, leave context.CancelCauseFunc, workers *sync.WaitGroup, events chan<- topEvent, feeds topFeeds, in io.Reader) {
	post := func(e topEvent) error {
		select {
		case events <- e:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	guard := func(run func() error) {
		workers.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					leave(fmt.Errorf("internal error: %v\n%s", p, debug.Stack()))
				}
			}()
			if err := run(); err != nil {
				leave(err)
			}
		})
	}
	guard(func() error {
		return pump(ctx, feeds.telemetry, post, func(m *topModel, e client.Event[helios.TelemetrySample]) { m.takeTelemetry(e) })
	})
	guard(func() error {
		return pump(ctx, feeds.processes, post, func(m *topModel, e client.Event[helios.ProcessesServerEvent]) { m.takeProcesses(e) })
	})
	guard(func() error {
		return readUntil(ctx, in, func(typed []byte) error {
			text := string(typed)
			return post(func(v *topScreen) error { return v.typed(text) })
		})
	})
}

// pump posts the events of a subscription.
func pump[T any](ctx context.Context, sub *client.Subscription[T], post func(topEvent) error, take func(*topModel, client.Event[T])) error {
	for {
		e, err := sub.Next(ctx)
		if err != nil {
			return err
		}
		if err := post(func(v *topScreen) error { take(&v.model, e); return nil }); err != nil {
			return err
		}
	}
}

// loop draws after each event, and now and then because ages grow.
func (v *topScreen) loop(ctx context.Context, events <-chan topEvent) error {
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH, syscall.SIGHUP)
	defer signal.Stop(resized)
	ages := time.NewTicker(500 * time.Millisecond)
	defer ages.Stop()
	for {
		if err := v.draw(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			err := context.Cause(ctx)
			if errors.Is(err, context.Canceled) {
				return nil // stopped by a signal, which is how this verb ends
			}
			return err
		case sig := <-resized:
			if sig == syscall.SIGHUP {
				return errors.New("the terminal is gone")
			}
			v.shown = nil
		case <-ages.C:
		case e := <-events:
			if err := e(v); errors.Is(err, errQuit) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
}

// draw writes the lines that have changed.
func (v *topScreen) draw() error {
	width, height, err := term.GetSize(int(v.tty.Fd()))
	if err != nil {
		return fmt.Errorf("ask for the size of the terminal: %w", err)
	}
	lines := liveScreen(&v.model, v.server, time.Now(), max(width, 1), max(height, 4))
	var b strings.Builder
	if len(v.shown) != len(lines) {
		b.WriteString("\x1b[2J")
		v.shown = make([]string, len(lines))
	}
	for i, line := range lines {
		if line != v.shown[i] {
			fmt.Fprintf(&b, "\x1b[%d;1H%s\x1b[0m\x1b[K", i+1, line)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	v.shown = lines
	// One write, marked as one update, so that nothing is seen half done.
	_, err = io.WriteString(v.out, "\x1b[?2026h"+b.String()+"\x1b[?2026l")
	return err
}
