package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/server/statedir"
)

// Bounds of [Sessions].
const (
	// MaxSessions bounds the sessions; one more ends the oldest.
	MaxSessions = 256
	// SessionLife is how long a session lasts after it was opened.
	SessionLife = 30 * 24 * time.Hour
)

const sessionsFile = "sessions.json"

// Place ties a session to where it was opened: a cookie that another local
// user's program got hold of is worth nothing to that user, because cookies of
// one port are sent to all ports of a host.
type Place string

// Elsewhere is the place of all peers that are not on this machine.
const Elsewhere Place = "elsewhere"

// LocalPlace is the place of the programs of one user of this machine.
func LocalPlace(uid uint32) Place { return Place(fmt.Sprintf("uid %d", uid)) }

// session is one logged-in browser. The file holds exactly this.
type session struct {
	ID      hash      `json:"sha256"`
	Token   hash      `json:"token_sha256"`
	Place   Place     `json:"place"`
	Expires time.Time `json:"expires"`
}

// Sessions are the browsers that showed a token. They survive a restart of the
// server. It is safe for concurrent use within one process.
type Sessions struct {
	dir   *statedir.Dir
	store *Store
	now   func() time.Time

	mu  sync.Mutex
	all []session // oldest first
}

// OpenSessions reads the sessions kept in dir. A file that cannot be understood
// is an error; one that does not exist is not.
func OpenSessions(dir *statedir.Dir, store *Store) (*Sessions, error) {
	s := &Sessions{dir: dir, store: store, now: time.Now}
	data, err := dir.Read(sessionsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &s.all); err != nil {
		return nil, fmt.Errorf("read %s: it is no list of sessions: %w; remove it to log everybody out", dir.Join(sessionsFile), err)
	}
	if len(s.all) > MaxSessions {
		s.all = s.all[len(s.all)-MaxSessions:]
	}
	return s, nil
}

// Start opens a session for somebody who showed a token, and returns the secret
// for the cookie. It blocks until the session is on the disk; when that fails
// the session holds until the server ends, and the error says so.
func (s *Sessions) Start(v Verified, place Place) (secret string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret = newSecret()
	s.dropExpired()
	if len(s.all) >= MaxSessions {
		s.all = slices.Delete(s.all, 0, len(s.all)-MaxSessions+1)
	}
	s.all = append(s.all, session{ID: hashOf(secret), Token: v.hash, Place: place, Expires: s.now().UTC().Add(SessionLife)})
	if err := s.save(); err != nil {
		return secret, fmt.Errorf("keep the session beyond a restart: %w", err)
	}
	return secret, nil
}

// Find returns the token with which the session was opened; ok is false when
// the session does not exist, was opened elsewhere, has expired, or its token
// was revoked.
func (s *Sessions) Find(secret string, place Place) (info Info, ok bool, err error) {
	if secret == "" || len(secret) > MaxLen {
		return Info{}, false, nil
	}
	found, ok := s.find(hashOf(secret))
	if !ok || found.Place != place || !s.now().Before(found.Expires) {
		return Info{}, false, nil
	}
	return s.store.byHash(found.Token)
}

func (s *Sessions) find(id hash) (found session, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.all {
		if one.ID.equal(id) {
			found, ok = one, true
		}
	}
	return found, ok
}

// End closes a session. A session that does not exist is no error.
func (s *Sessions) End(secret string) error {
	id := hashOf(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.all)
	s.all = slices.DeleteFunc(s.all, func(one session) bool { return one.ID.equal(id) })
	if len(s.all) == before {
		return nil
	}
	return s.save()
}

func (s *Sessions) dropExpired() {
	now := s.now()
	s.all = slices.DeleteFunc(s.all, func(one session) bool { return !now.Before(one.Expires) })
}

// save writes the file; the lock is held.
func (s *Sessions) save() error {
	data, err := json.MarshalIndent(s.all, "", "  ")
	if err != nil {
		return fmt.Errorf("write the sessions: %w", err)
	}
	return s.dir.Write(sessionsFile, append(data, '\n'))
}
