package console

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/topic"
)

// Defaults of [Options].
const (
	DefaultMaxLive  = 16
	DefaultMaxEnded = 32
)

// ErrTooManySessions says that Options.MaxLive shells run.
var ErrTooManySessions = errors.New("too many console sessions")

// Options describe the sessions of a manager. The zero value is usable.
type Options struct {
	// Shell is the path of the program to run. Empty: $SHELL, else /bin/bash,
	// else /bin/sh. bash is run as an interactive login shell, sh as an
	// interactive one, anything else without arguments.
	Shell string
	// Dir is where shells begin. Empty: the user's home, else the root.
	Dir string
	// Env holds NAME=VALUE entries that shells get in addition to TERM, SHELL
	// and the harmless part of the server's environment; they win over it.
	Env []string
	// MaxLive bounds the sessions with a living shell; 0 means 16.
	MaxLive int
	// MaxEnded bounds the ended sessions that stay listed, each of which may
	// hold MaxReplay bytes; the one that ended first goes. 0 means 32.
	MaxEnded int
	// Logger gets a record per session begun and ended; nil means no log.
	Logger *slog.Logger
	// Now tells the time for Info; nil means time.Now.
	Now func() time.Time

	pauseLimit time.Duration // shorter in tests
}

func (o Options) withDefaults() Options {
	if o.MaxLive <= 0 {
		o.MaxLive = DefaultMaxLive
	}
	if o.MaxEnded <= 0 {
		o.MaxEnded = DefaultMaxEnded
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.pauseLimit <= 0 {
		o.pauseLimit = pauseLimit
	}
	return o
}

// Manager owns console sessions. All methods are safe for concurrent use.
type Manager struct {
	opts Options

	mu       sync.Mutex
	sessions map[uuid.UUID]*Session
	live     int // shells that run or are about to, deleted sessions included
	closed   bool
	running  sync.WaitGroup
}

// NewManager returns a manager without sessions. It must be closed.
func NewManager(opts Options) *Manager {
	return &Manager{opts: opts.withDefaults(), sessions: map[uuid.UUID]*Session{}}
}

// Create starts a shell on a terminal of the given size; a side that is 0 gets
// its default, others are clamped. It returns ErrTooManySessions at the bound,
// [topic.ErrClosed] after Close, and otherwise says why the shell could not be
// started.
func (m *Manager) Create(size Size) (*Session, error) {
	if err := m.reserve(); err != nil {
		return nil, err
	}
	s, err := m.start(size.orDefault().clamp())
	if err != nil {
		m.release()
		return nil, err
	}
	if !m.register(s) {
		s.remove()
		return nil, topic.ErrClosed
	}
	m.prune() // it may have ended before it was listed
	m.opts.Logger.Info("console session started", "session", s.id.String(), "shell", s.shell)
	return s, nil
}

// register lists a session, unless the manager was closed in the meantime.
func (m *Manager) register(s *Session) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.sessions[s.id] = s
	}
	return !m.closed
}

// reserve takes one of the places for living shells.
func (m *Manager) reserve() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return topic.ErrClosed
	case m.live >= m.opts.MaxLive:
		return ErrTooManySessions
	}
	m.live++
	m.running.Add(1)
	return nil
}

func (m *Manager) release() {
	m.mu.Lock()
	m.live--
	m.mu.Unlock()
	m.running.Done()
}

func (m *Manager) start(size Size) (*Session, error) {
	shell, err := exec.LookPath(shellPath(m.opts.Shell, os.Getenv("SHELL")))
	if err != nil {
		return nil, fmt.Errorf("find shell: %w", err)
	}
	env := shellEnv(os.Environ(), m.opts.Env, shell)
	t, p, err := startShell(shell, shellDir(m.opts.Dir, env), env, size)
	if err != nil {
		return nil, err
	}
	s, err := newSession(shell, size, t, p, m.opts, m.ended)
	if err != nil {
		p.end(t.close)
		p.reap(time.After(giveUpAfter))
		return nil, err
	}
	return s, nil
}

// ended is called by a session when its shell is gone.
func (m *Manager) ended(*Session) {
	m.prune()
	m.release()
}

// prune removes the sessions that ended first while too many of them are kept.
func (m *Manager) prune() {
	m.mu.Lock()
	defer m.mu.Unlock()
	type end struct {
		session *Session
		at      time.Time
	}
	var ends []end
	for _, s := range m.sessions {
		if at, ended := s.endedAt(); ended {
			ends = append(ends, end{s, at})
		}
	}
	slices.SortFunc(ends, func(a, b end) int { return a.at.Compare(b.at) })
	for _, e := range ends[:max(0, len(ends)-m.opts.MaxEnded)] {
		delete(m.sessions, e.session.id)
		e.session.remove()
	}
}

// Get returns a session that was not deleted.
func (m *Manager) Get(id uuid.UUID) (*Session, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, found := m.sessions[id]
	return s, found
}

// List describes the sessions, ended ones included, latest activity first.
func (m *Manager) List() []Info {
	m.mu.Lock()
	infos := make([]Info, 0, len(m.sessions))
	for _, s := range m.sessions {
		infos = append(infos, s.Info())
	}
	m.mu.Unlock()
	slices.SortFunc(infos, func(a, b Info) int {
		if c := b.LastActivity.Compare(a.LastActivity); c != 0 {
			return c
		}
		return b.Created.Compare(a.Created)
	})
	return infos
}

// Delete removes a session, ends its shell and all processes of its session, and
// waits until they are gone: usually milliseconds, 2 s when a process ignores
// its end, 8 s at the very most. Viewers get io.EOF. It returns ErrNotFound if
// there is no such session, also to the second of two callers.
func (m *Manager) Delete(id uuid.UUID) error {
	m.mu.Lock()
	s, found := m.sessions[id]
	delete(m.sessions, id)
	m.mu.Unlock()
	if !found {
		return ErrNotFound
	}
	s.remove()
	<-s.done
	return nil
}

// Close deletes all sessions, at the same time, and waits as Delete does.
// Nothing can be created afterwards. Closing twice is allowed.
func (m *Manager) Close() {
	m.mu.Lock()
	m.closed = true
	sessions := m.sessions
	m.sessions = map[uuid.UUID]*Session{}
	m.mu.Unlock()
	for _, s := range sessions {
		s.remove()
	}
	m.running.Wait()
}
