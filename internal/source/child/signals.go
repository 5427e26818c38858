package child

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// hearsay is how long the witness has to report a signal that has reached us.
const hearsay = 50 * time.Millisecond

// passed are the signals that are passed on.
func passed() []os.Signal {
	var list []os.Signal
	for _, s := range []syscall.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGWINCH,
	} {
		if !signal.Ignored(s) { // what we were started to ignore, the program ignores, too
			list = append(list, s)
		}
	}
	return list
}

// signals passes signals on.
type signals struct {
	log     *slog.Logger
	ours    chan os.Signal
	heard   chan syscall.Signal // by the witness
	witness *exec.Cmd           // nil: none
	alive   io.Closer           // ends the witness
	cancel  context.CancelFunc
	ctx     context.Context
	wg      sync.WaitGroup
	once    sync.Once
}

// newSignals takes signals from now on, so that none ends us while the program is
// being started.
func newSignals(witness []string, log *slog.Logger) (*signals, error) {
	s := &signals{log: log, ours: make(chan os.Signal, 64), heard: make(chan syscall.Signal, 64)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	list := passed()
	signal.Notify(s.ours, list...)
	if len(witness) == 0 {
		return s, nil
	}
	s.witness = exec.Command(witness[0], witness[1:]...)
	in, err := s.witness.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the witness of signals: %w", err)
	}
	out, err := s.witness.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the witness of signals: %w", err)
	}
	if err := s.witness.Start(); err != nil {
		return nil, fmt.Errorf("start the witness of signals: %w", err)
	}
	s.alive = in
	reports := bufio.NewReader(out)
	if _, err := reports.ReadByte(); err != nil { // it is ready
		s.log.Debug("the witness of signals does not begin", "err", err)
	}
	s.wg.Go(func() {
		for {
			b, err := reports.ReadByte()
			if err != nil {
				return
			}
			select {
			case s.heard <- syscall.Signal(b):
			default:
			}
		}
	})
	return s, nil
}

// deliver begins to pass signals on.
func (s *signals) deliver(c *Child) {
	s.wg.Go(func() {
		said := map[syscall.Signal]time.Time{} // what the witness has reported, and we did not get yet
		for {
			select {
			case got := <-s.ours:
				s.decide(c, got.(syscall.Signal), said)
			case heard := <-s.heard:
				said[heard] = time.Now()
			case <-s.ctx.Done():
				return
			}
		}
	})
}

// decide passes a signal on unless the witness has got it, too, or does so soon.
func (s *signals) decide(c *Child, got syscall.Signal, said map[syscall.Signal]time.Time) {
	if got == syscall.SIGWINCH {
		for _, r := range c.relays {
			r.resize()
		}
		c.Signal(got) // the size has changed after the terminal's own signal
		return
	}
	if s.witness != nil {
		timeout := time.NewTimer(hearsay)
		defer timeout.Stop()
		for waiting := true; waiting; {
			if at, ok := said[got]; ok {
				if delete(said, got); time.Since(at) < 2*hearsay {
					return
				}
			}
			select {
			case heard := <-s.heard:
				said[heard] = time.Now()
			case <-timeout.C:
				waiting = false
			case <-s.ctx.Done():
				return
			}
		}
	}
	c.Signal(got)
}

// close stops taking signals and waits for what passes them on.
func (s *signals) close() {
	s.once.Do(func() {
		signal.Stop(s.ours)
		s.cancel()
		if s.witness != nil {
			_ = s.alive.Close()
			_ = s.witness.Process.Kill()
			s.wg.Wait()
			_ = s.witness.Wait()
			return
		}
		s.wg.Wait()
	})
}

// Witness reports each signal that reaches this process as one byte on out, after a
// first byte that says that it is ready, until in ends. It is run in a process of its
// own, of the group of the child.
func Witness(in io.Reader, out io.Writer) {
	got := make(chan os.Signal, 64)
	signal.Notify(got, passed()...)
	defer signal.Stop(got)
	if _, err := out.Write([]byte{0}); err != nil {
		return
	}
	ended := make(chan struct{})
	go func() { // ends with the process
		_, _ = io.Copy(io.Discard, in)
		close(ended)
	}()
	for {
		select {
		case s := <-got:
			if _, err := out.Write([]byte{byte(s.(syscall.Signal))}); err != nil {
				return
			}
		case <-ended:
			return
		}
	}
}
