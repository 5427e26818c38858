package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// A spec is what a subscription has to know of its channel.
type spec[T any] struct {
	channel string
	// path and query say where the channel is. They are asked for before each
	// attempt to connect.
	path  string
	query func() url.Values
	// hello, if not nil, sends what the channel waits for after connecting.
	hello func(context.Context, *socket) error
	// decode makes a message of what came, or an *Error of an error message.
	decode func(binary bool, data []byte) (T, error)
	// judge, if not nil, makes for each connection a function that looks at
	// each message, or at the error that the server told, and says what it
	// means for the subscription.
	judge func() func(T, *Error) verdict
	// finite: a close with code 1000 is the end of the channel, not a loss.
	finite bool
	// newest and queue choose the rule and the length of the queue.
	newest bool
	queue  int
}

// A verdict is what a message means for the subscription.
type verdict struct {
	done bool  // nothing more comes, whatever the server does now
	err  error // with done: the reason; else: the reason if the server closes next
}

// A Subscription is a running conversation on one channel. Its methods may be
// called by several goroutines; each event goes to one of them.
type Subscription[T any] struct {
	client *Client
	spec   spec[T]
	queue  *queue[T]
	stop   context.CancelFunc
	done   chan struct{}
	sock   atomic.Pointer[socket] // nil while the connection is down
}

// subscribe connects and starts the reader. It blocks until the first
// connection stands or has failed; ctx is the life of the whole subscription.
func subscribe[T any](ctx context.Context, c *Client, sp spec[T]) (*Subscription[T], error) {
	if sp.queue == 0 {
		sp.queue = 256
	}
	s := &Subscription[T]{client: c, spec: sp, queue: newQueue[T](sp.queue, sp.newest), done: make(chan struct{})}
	sock, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	ctx, s.stop = context.WithCancel(ctx)
	s.sock.Store(sock)
	go func() {
		defer close(s.done)
		s.queue.finish(s.run(ctx, sock))
		s.stop()
	}()
	return s, nil
}

// Next gives the next event. It blocks until there is one, until ctx ends, or
// until the subscription has ended and all its events have been taken. The error
// is then the reason: io.EOF for a normal end, an *Error if the server said why,
// the cause of the context if that was cancelled.
func (s *Subscription[T]) Next(ctx context.Context) (Event[T], error) { return s.queue.take(ctx) }

// Waiting tells how many events can be taken without waiting. A program that
// writes what it gets may flush when there are none.
func (s *Subscription[T]) Waiting() int { return s.queue.waiting() }

// All gives the events in order. The last pair holds the reason for the end,
// unless that is io.EOF. Leaving the loop closes the subscription.
func (s *Subscription[T]) All(ctx context.Context) iter.Seq2[Event[T], error] {
	return func(yield func(Event[T], error) bool) {
		defer s.Close()
		for {
			e, err := s.Next(ctx)
			if errors.Is(err, io.EOF) || !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Close ends the subscription and waits until its connection is gone, which
// takes at most about half a second with a server that does not answer. Events
// that wait can still be taken.
func (s *Subscription[T]) Close() {
	s.stop()
	<-s.done
}

// send writes one message, or says ErrDisconnected.
func (s *Subscription[T]) send(ctx context.Context, binary bool, data []byte) error {
	sock := s.sock.Load()
	if sock == nil {
		return ErrDisconnected
	}
	if err := sock.write(ctx, binary, data); err != nil {
		return fmt.Errorf("%w: %w", ErrDisconnected, err)
	}
	return nil
}

// connect makes one connection, ready for reading.
func (s *Subscription[T]) connect(ctx context.Context) (*socket, error) {
	var query url.Values
	if s.spec.query != nil {
		query = s.spec.query()
	}
	sock, err := s.client.dial(ctx, s.spec.path, query)
	if err != nil {
		return nil, s.named(err)
	}
	if s.spec.hello != nil {
		if err := s.spec.hello(ctx, sock); err != nil {
			sock.release()
			return nil, fmt.Errorf("%w at %s: %w", ErrUnreachable, s.client.base, err)
		}
	}
	return sock, nil
}

// named puts the channel into a refusal.
func (s *Subscription[T]) named(err error) error {
	if e := (*Error)(nil); errors.As(err, &e) && e.Channel == "" {
		e.Channel = s.spec.channel
	}
	return err
}

// run serves one connection after another and returns why the subscription ends.
func (s *Subscription[T]) run(ctx context.Context, sock *socket) error {
	pause := backoff{conf: s.client.opts.Reconnect}
	log := s.client.opts.Logger.With("channel", s.spec.channel)
	for {
		cause, final := s.serve(ctx, sock)
		s.sock.Store(nil)
		if err := context.Cause(ctx); err != nil && !final {
			return err
		}
		if final {
			return cause
		}
		gap := &Gap{Since: sock.lastHeard(), Cause: cause}
		log.Warn("connection lost", "err", cause, "silent_since", gap.Since)
		pause.lived(time.Since(sock.opened))
		if err := s.tell(ctx, *gap); err != nil {
			return err
		}
		next, err := s.again(ctx, &pause, gap)
		if err != nil {
			return err
		}
		gap.Until = next.opened
		log.Info("connection is back", "attempts", gap.Attempts)
		s.sock.Store(next)
		sock = next
		if err := s.tell(ctx, *gap); err != nil {
			next.release()
			return err
		}
	}
}

// tell puts a gap into the queue.
func (s *Subscription[T]) tell(ctx context.Context, gap Gap) error {
	return s.queue.put(ctx, Event[T]{At: time.Now(), Gap: &gap})
}

// again tries to connect until that succeeds or makes no sense any more.
func (s *Subscription[T]) again(ctx context.Context, pause *backoff, gap *Gap) (*socket, error) {
	conf := s.client.opts.Reconnect
	if conf.Never {
		return nil, fmt.Errorf("%s: connection lost: %w", s.spec.channel, gap.Cause)
	}
	down := time.Now()
	for {
		if err := sleep(ctx, pause.next()); err != nil {
			return nil, err
		}
		gap.Attempts++
		sock, err := s.connect(ctx)
		if err == nil {
			return sock, nil
		}
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		if e := (*Error)(nil); errors.As(err, &e) && !e.temporary() {
			return nil, err
		}
		s.client.opts.Logger.Debug("attempt to connect failed", "channel", s.spec.channel, "attempt", gap.Attempts, "err", err)
		if conf.GiveUpAfter > 0 && time.Since(down) >= conf.GiveUpAfter {
			return nil, fmt.Errorf("%s: given up after %d attempts: %w", s.spec.channel, gap.Attempts, err)
		}
	}
}

// serve reads one connection to its end. It gives the cause and whether that is
// final for the subscription.
func (s *Subscription[T]) serve(ctx context.Context, sock *socket) (cause error, final bool) {
	ctx, leave := context.WithCancel(ctx)
	var workers sync.WaitGroup
	workers.Go(func() { <-ctx.Done(); sock.close() })
	workers.Go(func() { sock.keepAlive(ctx, s.client.opts.PingEvery) })
	defer func() { sock.release(); leave(); workers.Wait() }()

	judge := func(T, *Error) verdict { return verdict{} }
	if s.spec.judge != nil {
		judge = s.spec.judge()
	}
	var last error // what the server said last, if it was an error
	for {
		binary, data, err := sock.read()
		switch {
		case final: // only waiting for the close frame
			if err != nil {
				return cause, true
			}
			continue
		case err != nil:
			return s.why(err, last)
		case ctx.Err() != nil:
			continue
		}
		v := s.receive(ctx, sock, binary, data, judge)
		last = v.err
		if v.done {
			cause, final = v.err, true
			if cause == nil {
				cause = io.EOF
			}
			s.queue.finish(cause) // the receiver need not wait for the goodbye
			leave()
		}
	}
}

// receive hands one message to the receiver and gives what it means.
func (s *Subscription[T]) receive(ctx context.Context, sock *socket, binary bool, data []byte, judge func(T, *Error) verdict) verdict {
	e := Event[T]{At: time.Now(), size: len(data)}
	e.Value, e.Err = s.spec.decode(binary, data)
	var told *Error
	var v verdict
	if e.Err == nil || errors.As(e.Err, &told) {
		v = judge(e.Value, told)
	} else {
		e.Err = fmt.Errorf("%s: read a message: %w", s.spec.channel, e.Err)
		s.client.opts.Logger.Warn("message cannot be read", "channel", s.spec.channel, "err", e.Err)
	}
	sock.busy.Store(true)
	defer sock.busy.Store(false)
	_ = s.queue.put(ctx, e) // fails only when the subscription is being closed
	return v
}

// why gives the meaning of a read error: a loss, or the end.
func (s *Subscription[T]) why(err, last error) (cause error, final bool) {
	if last != nil {
		return last, true
	}
	switch code := websocket.CloseStatus(err); {
	case code == websocket.StatusNormalClosure && s.spec.finite:
		return io.EOF, true
	case code == websocket.StatusPolicyViolation:
		return &Error{Channel: s.spec.channel, Code: "policy_violation", Message: closeReason(err)}, true
	case errors.Is(err, ErrTooLarge):
		return fmt.Errorf("%s: %w", s.spec.channel, err), true
	case code >= 0:
		return fmt.Errorf("the server closed the connection: %s (code %d)", closeReason(err), code), false
	}
	return err, false
}

func closeReason(err error) string {
	if e := (websocket.CloseError{}); errors.As(err, &e) && e.Reason != "" {
		return e.Reason
	}
	switch websocket.CloseStatus(err) {
	case websocket.StatusNormalClosure:
		return "normal end"
	case websocket.StatusGoingAway:
		return "it shuts down"
	case websocket.StatusTryAgainLater:
		return "too many connections, or read too slowly"
	}
	return "without a reason"
}
