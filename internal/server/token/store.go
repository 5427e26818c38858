package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/server/statedir"
)

// MaxTokens bounds the tokens of one server.
const MaxTokens = 256

const tokensFile = "tokens.json"

var (
	// ErrExists is returned by Create for a name that is taken.
	ErrExists = errors.New("a token of this name exists")
	// ErrNotFound is returned by Revoke for a name that no token has.
	ErrNotFound = errors.New("no token has this name")
)

// Info describes a token without its secret.
type Info struct {
	// Name is unique: 1 to 64 letters, digits, dots, underscores, hyphens.
	Name string `json:"name"`
	// Scopes are the permissions it gives, at least one.
	Scopes []access.Scope `json:"scopes"`
	// Created is when it was made, in UTC.
	Created time.Time `json:"created"`
}

// record is one token in the file.
type record struct {
	Info
	Hash hash `json:"sha256"`
}

// document is the file.
type document struct {
	Version int      `json:"version"`
	Tokens  []record `json:"tokens"`
}

// Store is the set of tokens in a state directory. It is safe for concurrent
// use, also by several processes. Every method may read the file.
type Store struct {
	dir *statedir.Dir

	mu     sync.Mutex
	loaded bool // tokens are those of stamp, and stamp can be relied on
	stamp  statedir.Stamp
	tokens []record
}

// NewStore returns the tokens kept in dir. It reads nothing yet.
func NewStore(dir *statedir.Dir) *Store { return &Store{dir: dir} }

// Create makes a token and returns its secret, which is stored nowhere and
// cannot be shown again. The error matches ErrExists when the name is taken.
func (s *Store) Create(name string, scopes []access.Scope) (secret string, err error) {
	if err := checkNew(name, scopes); err != nil {
		return "", err
	}
	secret = Prefix + newSecret()
	info := Info{Name: name, Scopes: slices.Clone(scopes), Created: time.Now().UTC().Truncate(time.Second)}
	err = s.change(func(tokens []record) ([]record, error) {
		if slices.ContainsFunc(tokens, func(r record) bool { return r.Name == name }) {
			return nil, fmt.Errorf("create token %q: %w; revoke it first or choose another", name, ErrExists)
		}
		if len(tokens) >= MaxTokens {
			return nil, fmt.Errorf("create token %q: there are %d already; revoke one first", name, len(tokens))
		}
		return append(tokens, record{Info: info, Hash: hashOf(secret)}), nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// checkNew tells what is wrong with the wanted name or scopes.
func checkNew(name string, scopes []access.Scope) error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`).MatchString(name) {
		return fmt.Errorf("token name %q: it is 1 to 64 letters, digits, dots, underscores and hyphens, and starts with a letter or digit", name)
	}
	if len(scopes) == 0 {
		return fmt.Errorf("token %q: it needs at least one scope", name)
	}
	for _, scope := range scopes {
		if _, err := access.ParseScope(string(scope)); err != nil {
			return fmt.Errorf("token %q: %w", name, err)
		}
	}
	return nil
}

// Revoke removes a token. Requests with it are refused from now on, and so are
// the sessions that were opened with it.
func (s *Store) Revoke(name string) error {
	return s.change(func(tokens []record) ([]record, error) {
		i := slices.IndexFunc(tokens, func(r record) bool { return r.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("revoke token %q: %w", name, ErrNotFound)
		}
		return slices.Delete(tokens, i, i+1), nil
	})
}

// List returns the tokens in the order in which they were made. The caller owns
// the slice.
func (s *Store) List() ([]Info, error) {
	tokens, err := s.current()
	if err != nil {
		return nil, err
	}
	list := make([]Info, len(tokens))
	for i, r := range tokens {
		list[i] = r.Info
	}
	return list, nil
}

// Verify returns the token whose secret this is; ok is false when there is none.
// An error means that the tokens cannot be read: nobody is let in then.
func (s *Store) Verify(secret string) (r Verified, ok bool, err error) {
	tokens, err := s.current()
	if err != nil {
		return Verified{}, false, err
	}
	if secret == "" || len(secret) > MaxLen {
		return Verified{}, false, nil
	}
	given := hashOf(secret)
	for _, t := range tokens { // no early end: the time must not tell which one matched
		if t.Hash.equal(given) {
			r, ok = Verified{Info: t.Info, hash: t.Hash}, true
		}
	}
	return r, ok, nil
}

// Verified is a token that was shown. It is what a session is opened with.
type Verified struct {
	Info
	hash hash
}

// Holds reports whether a token still exists. While the tokens cannot be read, it
// does.
func (s *Store) Holds(v Verified) bool {
	_, ok, err := s.byHash(v.hash)
	return ok || err != nil
}

// byHash returns the token with the hash h, if it still exists.
func (s *Store) byHash(h hash) (Info, bool, error) {
	tokens, err := s.current()
	if err != nil {
		return Info{}, false, err
	}
	for _, t := range tokens {
		if t.Hash.equal(h) {
			return t.Info, true, nil
		}
	}
	return Info{}, false, nil
}

// change alters the file under the lock of all processes.
func (s *Store) change(alter func([]record) ([]record, error)) error {
	return s.dir.Exclusive(tokensFile, func() error {
		tokens, err := s.current()
		if err != nil {
			return err
		}
		tokens, err = alter(slices.Clone(tokens))
		if err != nil {
			return err
		}
		data, err := json.MarshalIndent(document{Version: 1, Tokens: tokens}, "", "  ")
		if err != nil {
			return fmt.Errorf("write the tokens: %w", err)
		}
		return s.dir.Write(tokensFile, append(data, '\n'))
	})
}

// current returns the tokens, which the caller must not change. It reads the
// file only when it is another than the last time, or was changed so recently
// that this cannot be told.
func (s *Store) current() ([]record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	stamp, err := s.dir.Stat(tokensFile)
	if err != nil {
		return nil, err
	}
	if s.loaded && stamp == s.stamp {
		return s.tokens, nil
	}
	tokens, err := s.read()
	if err != nil {
		return nil, err
	}
	s.loaded, s.stamp, s.tokens = stamp.Settled(now), stamp, tokens
	return tokens, nil
}

func (s *Store) read() ([]record, error) {
	data, err := s.dir.Read(tokensFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	tokens, err := parseTokens(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.dir.Join(tokensFile), err)
	}
	return tokens, nil
}

// parseTokens reads the file. A file that it does not understand wholly is an
// error: guessing about permissions is worse than refusing.
func parseTokens(data []byte) ([]record, error) {
	var doc document
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("it is no list of tokens: %w", err)
	}
	if doc.Version != 1 {
		return nil, fmt.Errorf("it has the version %d, this program knows 1", doc.Version)
	}
	if len(doc.Tokens) > MaxTokens {
		return nil, fmt.Errorf("it lists %d tokens, more than %d", len(doc.Tokens), MaxTokens)
	}
	for i, t := range doc.Tokens {
		if err := checkNew(t.Name, t.Scopes); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if t.Hash == (hash{}) {
			return nil, fmt.Errorf("entry %d: token %q has no hash", i+1, t.Name)
		}
	}
	return doc.Tokens, nil
}
