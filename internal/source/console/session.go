package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/topic"
)

// Errors of sessions. Their texts are those that viewers are shown.
var (
	// ErrEnded is returned by operations that need a shell which still runs.
	ErrEnded = errors.New("console session has ended")
	// ErrInputFull says that input was not taken because the shell does not
	// read what it was sent before.
	ErrInputFull = errors.New("console input is full")
	// ErrNotFound says that there is no session of that id.
	ErrNotFound = errors.New("console session not found")
)

// liveItems bounds the chunks of live output that the topic keeps for slow
// attachments, in addition to MaxReplay bytes.
const liveItems = 4096

// Info describes a session at one moment.
type Info struct {
	ID           uuid.UUID
	Shell        string // path of the program
	Created      time.Time
	LastActivity time.Time // of output, accepted input, a resize or an attachment
	ExitCode     *int      // nil while it runs, and if a signal ended it
	Clients      int       // open attachments
	Size         Size
	Closed       bool // the shell has ended
	Deleted      bool // removed from the manager
}

// Session is a shell on a pseudo-terminal. All methods are safe for concurrent
// use and none of them waits for the shell or for a viewer.
type Session struct {
	id      uuid.UUID
	shell   string
	created time.Time
	now     func() time.Time
	logger  *slog.Logger

	tty    *tty
	proc   *process
	input  *input
	output *topic.Topic[Chunk]

	activity atomic.Int64  // time of the last activity, Unix nanoseconds
	progress atomic.Uint64 // items that attachments have taken
	patience time.Duration // how long a pause without progress may last

	pacing     context.Context // done when the reader must not pause any more
	stopPacing context.CancelFunc
	exited     chan struct{} // closed when only the rest of the output is left
	deleted    chan struct{} // closed by remove
	done       chan struct{} // closed when nothing of the session runs

	mu        sync.Mutex // taken before the mutex of output
	size      Size
	clean     cleaner
	replay    replay
	departed  grace // what attachments that were closed had used
	viewers   map[*Attachment]struct{}
	published uint64 // sequence number of the newest live chunk
	closed    bool
	ended     time.Time
	exitCode  *int
	removed   bool
}

// newSession starts the goroutines of a session, which run until done. ended is
// called before done is closed.
func newSession(shell string, size Size, t *tty, p *process, opts Options, ended func(*Session)) (*Session, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("make session id: %w", err)
	}
	s := &Session{
		id: id, shell: shell, created: opts.Now(), now: opts.Now, size: size,
		logger: opts.Logger.With("session", id.String()),
		tty:    t, proc: p, patience: opts.pauseLimit, input: newInput(t),
		output: topic.New(topic.Options[Chunk]{
			Name:         "console " + id.String(),
			HistoryItems: liveItems,
			HistoryBytes: MaxReplay,
			Size:         func(c Chunk) int { return len(c.Data) },
			Logger:       opts.Logger,
		}),
		exited: make(chan struct{}), deleted: make(chan struct{}), done: make(chan struct{}),
		viewers: map[*Attachment]struct{}{},
	}
	s.pacing, s.stopPacing = context.WithCancel(context.Background())
	s.touch()
	go s.run(ended)
	return s, nil
}

// ID returns the id of the session.
func (s *Session) ID() uuid.UUID { return s.id }

// Info describes the session as it is now.
func (s *Session) Info() Info {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Info{
		ID: s.id, Shell: s.shell, Created: s.created,
		LastActivity: time.Unix(0, s.activity.Load()).In(s.created.Location()),
		ExitCode:     s.exitCode, Clients: len(s.viewers), Size: s.size,
		Closed: s.closed, Deleted: s.removed,
	}
}

// Done is closed when the shell has ended, its remaining output was published
// and nothing of the session runs any more.
func (s *Session) Done() <-chan struct{} { return s.done }

// Stats returns the counters of the live output. Output without any attachment
// is not published and not counted.
func (s *Session) Stats() topic.Stats { return s.output.Stats() }

// Write queues a copy of p as input of the shell, in the order of calls, and
// never waits: all of p is queued or nothing. It returns ErrInputFull if more
// than MaxInput bytes would wait for a shell that does not read (keys, that is
// writes of up to 64 bytes, have a little more room), ErrEnded if the shell has
// ended, and the error of an earlier write to the terminal, once, whose input is
// lost.
func (s *Session) Write(p []byte) error {
	if err := s.input.push(p); err != nil {
		return err
	}
	s.touch()
	return nil
}

// Resize sets the size of the terminal, each side clamped to its bounds, and
// returns the size that then holds. It returns ErrEnded after the shell ended.
func (s *Session) Resize(size Size) (Size, error) {
	size = size.clamp()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return s.size, ErrEnded
	}
	if err := s.tty.resize(size); err != nil {
		if errors.Is(err, os.ErrClosed) {
			return s.size, ErrEnded
		}
		return s.size, fmt.Errorf("resize terminal: %w", err)
	}
	s.size = size
	s.touch()
	return size, nil
}

func (s *Session) touch() { s.activity.Store(s.now().UnixNano()) }

// run owns the goroutines of the session: it waits for the end of the shell, or
// brings it about, then for the rest of the output, and leaves nothing behind.
func (s *Session) run(ended func(*Session)) {
	var reader, writer sync.WaitGroup
	reader.Go(s.readAll)
	writer.Go(s.input.run)
	select {
	case <-s.proc.exited:
	case <-s.deleted:
	}
	s.stopPacing()
	select {
	case <-s.deleted:
		if !s.proc.end(s.tty.close) {
			s.logger.Warn("processes of console session cannot be killed")
		}
	default:
	}
	code := s.proc.reap(time.After(giveUpAfter))
	s.tty.expireRead(0)
	close(s.exited)
	reader.Wait()
	s.input.close()
	s.tty.close()
	writer.Wait()
	s.finish(code)
	ended(s)
	close(s.done)
}

// finish publishes the end of the session.
func (s *Session) finish(code *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.exitCode, s.ended = true, code, s.now()
	s.output.End(nil)
	s.releaseLocked()
	s.logger.Debug("console session ended", "exit_code", code)
}

// releaseLocked lets go of the live output when nobody is left to take it.
func (s *Session) releaseLocked() {
	if len(s.viewers) == 0 {
		s.output.Clear()
	}
}

// remove marks the session as deleted and tells those who are attached to it
// after its end; a shell that runs is ended by run. It does not wait.
func (s *Session) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		return
	}
	s.removed = true
	close(s.deleted)
	for a := range s.viewers {
		a.wakeIdle()
	}
}

// endedAt returns when the session ended, and false while it has not.
func (s *Session) endedAt() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended, s.closed
}
