package cert

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Files is a certificate from two PEM files. When they change, the new ones are
// used for the next handshake; while they cannot be read (a renewal may replace
// one before the other) the old ones stay in force.
type Files struct {
	certPath, keyPath string
	log               *slog.Logger

	mu      sync.Mutex
	current *tls.Certificate
	stamp   [2]time.Time
}

// NewFiles reads the certificate chain and its key. A nil log discards.
func NewFiles(certPath, keyPath string, log *slog.Logger) (*Files, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	f := &Files{certPath: certPath, keyPath: keyPath, log: log}
	stamp, err := f.modified()
	if err == nil {
		err = f.load(stamp)
	}
	if err != nil {
		return nil, fmt.Errorf("read the TLS certificate: %w", err)
	}
	return f, nil
}

// Get implements Source.
func (f *Files) Get() (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamp, err := f.modified()
	if err == nil && stamp != f.stamp {
		err = f.load(stamp)
		f.stamp = stamp // also after a failure: complain once per change
	}
	if err != nil {
		f.log.Warn("keep the old tls certificate", "err", err)
	}
	return f.current, nil
}

func (f *Files) load(stamp [2]time.Time) error {
	c, err := tls.LoadX509KeyPair(f.certPath, f.keyPath)
	if err != nil {
		return err
	}
	f.current, f.stamp = &c, stamp
	return nil
}

func (f *Files) modified() (stamp [2]time.Time, err error) {
	for i, path := range []string{f.certPath, f.keyPath} {
		info, err := os.Stat(path)
		if err != nil {
			return stamp, err
		}
		stamp[i] = info.ModTime()
	}
	return stamp, nil
}
