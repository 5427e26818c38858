package cert

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/server/statedir"
)

// Files is a certificate from two PEM files. When they change, the new ones are
// used for the next handshake; while they cannot be read (a renewal may replace
// one before the other) the old ones stay in force.
type Files struct {
	certPath, keyPath string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	stamp   [2]statedir.Stamp // of what was tried last
	settled bool              // stamp can be relied on
}

// NewFiles reads the certificate chain and its key. A nil log discards.
func NewFiles(certPath, keyPath string, log *slog.Logger) (*Files, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	f := &Files{certPath: certPath, keyPath: keyPath, log: log}
	if err := f.refresh(); err != nil {
		return nil, fmt.Errorf("read the TLS certificate: %w", err)
	}
	return f, nil
}

// Get implements Source.
func (f *Files) Get() (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.refresh(); err != nil {
		f.log.Warn("keep the old tls certificate", "err", err)
	}
	return f.current, nil
}

// refresh reads the files when they are others than the last time, or were
// changed so recently that this cannot be told. A failure is reported once per
// change.
func (f *Files) refresh() error {
	now := time.Now()
	var stamp [2]statedir.Stamp
	for i, path := range []string{f.certPath, f.keyPath} {
		var err error
		if stamp[i], err = statedir.StampOf(path); err != nil {
			return err
		}
	}
	if f.settled && stamp == f.stamp {
		return nil
	}
	f.stamp = stamp
	f.settled = stamp[0].Settled(now) && stamp[1].Settled(now)
	c, err := tls.LoadX509KeyPair(f.certPath, f.keyPath)
	if err != nil {
		return err
	}
	f.current = &c
	return nil
}
