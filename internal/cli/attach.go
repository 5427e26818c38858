package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"golang.org/x/term"
)

// errDetached ends an attachment by the user's wish.
var errDetached = errors.New("detached")

// An attachment joins this terminal to a shell.
type attachment struct {
	s       *shared
	console *client.Console
	tty     *os.File // standard input, if both it and the output are a terminal
	keys    detector
	modes   modeTracker
	replay  *replay // while the shell's former output is repeated; else nil
	former  bool    // the shell ran before this attachment
	ready   bool
	begun   chan struct{} // closed when the shell is there for the first time
	restore func()        // puts the terminal back; may be called more than once
	leave   context.CancelCauseFunc
}

// attach uses the shell with this id, or a new one, until it ends, the user
// detaches or ctx ends. Whatever happens, also a panic, the terminal is as before
// when attach returns.
func attach(ctx context.Context, s *shared, c *client.Client, id string, keys []byte) error {
	a := &attachment{s: s, keys: detector{keys: keys}, begun: make(chan struct{}), restore: func() {}}
	if in, ok := terminal(s.streams.In); ok {
		if _, ok := terminal(s.streams.Out); ok {
			a.tty = in
		}
	}
	a.former = id != ""
	ctx, a.leave = context.WithCancelCause(ctx)
	defer a.leave(nil)
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)

	params := helios.ConsoleParams{SessionID: id}
	params.Cols, params.Rows = a.size()
	console, err := c.Console(ctx, params)
	if err != nil {
		return err
	}
	defer console.Close()
	a.console = console
	if a.tty != nil {
		if err := a.raw(); err != nil {
			return fmt.Errorf("switch the terminal to raw mode: %w", err)
		}
		defer a.restore()
	}
	var workers sync.WaitGroup
	a.guard(&workers, func() error { return a.input(ctx) })
	if a.tty != nil {
		a.guard(&workers, func() error { return a.followSize(ctx) })
	}
	a.guard(&workers, func() error {
		select {
		case <-hangup:
			return errors.New("the terminal is gone")
		case <-ctx.Done():
			return nil
		}
	})
	err = a.output(ctx)
	a.leave(err)
	if _, file := s.streams.In.(*os.File); file {
		workers.Wait() // another reader may block for ever
	}
	a.restore()
	return a.result(err)
}

// raw switches the terminal to raw mode and prepares the way back.
func (a *attachment) raw() error {
	restore, err := rawMode(a.tty)
	if err != nil {
		return err
	}
	a.restore = sync.OnceFunc(func() {
		_, _ = io.WriteString(a.s.streams.Out, a.modes.undo()+"\r\n")
		restore()
		a.tty = nil
	})
	return nil
}

// guard runs a part of the attachment beside the others. An error or a panic in
// it ends the attachment in order, so that the terminal is put back.
func (a *attachment) guard(workers *sync.WaitGroup, run func() error) {
	workers.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				a.leave(fmt.Errorf("internal error: %v\n%s", v, debug.Stack()))
			}
		}()
		if err := run(); err != nil {
			a.leave(err)
		}
	})
}

// size is that of the terminal; 0, 0 without one.
func (a *attachment) size() (cols, rows uint16) {
	if a.tty == nil {
		return 0, 0
	}
	w, h, err := term.GetSize(int(a.tty.Fd()))
	if err != nil {
		return 0, 0
	}
	return uint16(min(w, 1<<15)), uint16(min(h, 1<<15))
}

// input types what comes in.
func (a *attachment) input(ctx context.Context) error {
	select {
	case <-a.begun:
	case <-ctx.Done():
		return nil
	}
	err := readUntil(ctx, a.s.streams.In, func(typed []byte) error {
		if a.tty == nil {
			return a.send(typed)
		}
		pass, detach := a.keys.feed(typed)
		if err := a.send(pass); err != nil {
			return err
		}
		if detach {
			return errDetached
		}
		return nil
	})
	if err != nil || ctx.Err() != nil {
		return err
	}
	return a.endInput(ctx)
}

// endInput types Ctrl-D at the end of the input, and again until the shell has
// ended: the end is there for every program that reads, and one that comes while
// a terminal changes its modes is lost.
func (a *attachment) endInput(ctx context.Context) error {
	for {
		if err := a.send([]byte{4}); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// send types bytes; while the connection is down it rings the bell instead.
func (a *attachment) send(typed []byte) error {
	_, err := a.console.Write(typed)
	switch {
	case !errors.Is(err, client.ErrDisconnected):
		return err
	case a.tty == nil:
		return err // a script must not lose a part of its input
	}
	_, err = io.WriteString(a.s.streams.Err, "\a")
	return err
}

// followSize tells the shell each new size of the terminal.
func (a *attachment) followSize(ctx context.Context) error {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	defer signal.Stop(changed)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			a.tellSize(ctx)
		}
	}
}

// tellSize is best effort: after a lost connection it is told again anyway.
func (a *attachment) tellSize(ctx context.Context) {
	if cols, rows := a.size(); cols > 0 {
		_ = a.console.Resize(ctx, cols, rows)
	}
}

// output shows what the shell prints. It returns why that ended.
func (a *attachment) output(ctx context.Context) error {
	for {
		e, err := a.console.Next(ctx)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		}
		if err := a.show(ctx, e); err != nil {
			return err
		}
	}
}

func (a *attachment) show(ctx context.Context, e client.Event[helios.ConsoleServerEvent]) error {
	if e.Gap != nil {
		return a.showGap(e.Gap)
	}
	if e.Err != nil {
		// What says that there is no shell comes again as the reason of the end.
		if a.ready && !errors.Is(e.Err, client.ErrNotFound) {
			a.say("%v", e.Err)
		}
		return nil
	}
	switch m := e.Value.(type) {
	case helios.ConsoleReady:
		return a.begin(ctx, m)
	case helios.ConsoleOutput:
		return a.print(m.Data, e.At)
	case helios.ConsoleExit:
		if m.Code == nil {
			a.say("the shell was ended by a signal")
			return shellExit(ExitConsoleLost)
		}
		return shellExit(*m.Code)
	}
	return nil
}

// print writes output of the shell.
func (a *attachment) print(data string, at time.Time) error {
	if a.replay != nil {
		var live bool
		if data, live = a.replay.feed(data, at); live {
			a.replay = nil
		}
	}
	a.modes.feed(data)
	_, err := io.WriteString(a.s.streams.Out, data)
	return err
}

// begin is called when the shell is there, for the first time or again. Again,
// all that it printed is repeated, so the screen starts empty.
func (a *attachment) begin(ctx context.Context, m helios.ConsoleReady) error {
	again := a.ready
	a.ready = true
	if !again {
		close(a.begun)
	}
	if a.tty == nil {
		return nil
	}
	if again || a.former {
		a.replay = &replay{last: time.Now()}
	}
	if cols, rows := a.size(); cols != m.Cols || rows != m.Rows {
		a.tellSize(ctx)
	}
	if !again {
		return nil // what was on the terminal stays
	}
	_, err := io.WriteString(a.s.streams.Out, a.modes.undo()+"\x1b[H\x1b[2J\x1b[3J")
	a.modes = modeTracker{}
	return err
}

func (a *attachment) showGap(g *client.Gap) error {
	if a.tty == nil {
		return fmt.Errorf("connection lost: %w", g.Cause) // output would repeat itself
	}
	if !g.Back() {
		a.say("%s", gapText(g))
	}
	return nil
}

// say writes a notice, also while the terminal is raw.
func (a *attachment) say(format string, values ...any) {
	end := "\n"
	if a.tty != nil {
		end = "\r\n"
		format = "\r\n" + format
	}
	_, _ = fmt.Fprintf(a.s.streams.Err, format+end, values...)
}

// result gives the verb's error for the reason why the attachment ended.
func (a *attachment) result(err error) error {
	id := a.console.SessionID()
	switch {
	case errors.Is(err, errDetached):
		a.say("detached; \"heliograph console %.8s\" attaches again", id)
		return nil
	case errors.As(err, new(shellExit)), !a.ready:
		return err
	case errors.Is(err, context.Canceled):
		a.say("detached by a signal; \"heliograph console %.8s\" attaches again", id)
		return err
	}
	if errors.Is(err, client.ErrNotFound) {
		a.say("this shell is gone; \"heliograph console\" starts a new one")
		return shellExit(ExitConsoleLost)
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the server ended the connection")
	}
	a.say("%v; \"heliograph console %.8s\" attaches again", err, id)
	return shellExit(ExitConsoleLost)
}
