package video

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	storeVersion = 1
	// maxStore bounds the file: 64 streams with everything they may have.
	maxStore = 64 << 20
	// storeDelay is how long small changes are collected.
	storeDelay = time.Second
)

// stored is the form of the state file.
type stored struct {
	Version int      `json:"version"`
	Streams []Config `json:"streams"`
}

// store keeps the configurations in a file, which is replaced as a whole.
type store struct {
	path string

	mu      sync.Mutex // held while the file is written
	pending chan struct{}
	stop    chan struct{}
	worker  sync.WaitGroup
	flush   func() error // writes the file
}

// openStore reads the file, if there is a path. A file that does not exist is empty;
// one that cannot be read is an error, lest it be overwritten.
func openStore(path string) (*store, []Config, error) {
	st := &store{path: path, pending: make(chan struct{}, 1), stop: make(chan struct{})}
	if path == "" {
		return st, nil, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the streams: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxStore+1))
	if err != nil {
		return nil, nil, fmt.Errorf("read the streams: %w", err)
	}
	configs, err := parseStore(data)
	if err != nil {
		return nil, nil, fmt.Errorf("read the streams from %s: %w", path, err)
	}
	return st, configs, nil
}

// parseStore reads the form of the file. Two streams of one id are an error.
func parseStore(data []byte) ([]Config, error) {
	if len(data) > maxStore {
		return nil, fmt.Errorf("longer than %d bytes", maxStore)
	}
	var in stored
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	if in.Version != storeVersion {
		return nil, fmt.Errorf("version %d is not %d", in.Version, storeVersion)
	}
	if len(in.Streams) > maxStreams {
		return nil, fmt.Errorf("%d streams: %w", len(in.Streams), ErrFull)
	}
	seen := map[string]bool{}
	for _, c := range in.Streams {
		if c.ID == "" || seen[c.ID] {
			return nil, fmt.Errorf("id %q: missing or there twice", c.ID)
		}
		seen[c.ID] = true
	}
	return in.Streams, nil
}

// start runs the goroutine that writes small changes a little later. close ends it.
func (st *store) start(flush func() error, log *slog.Logger) {
	st.flush = flush
	if st.path == "" {
		return
	}
	st.worker.Go(func() {
		for {
			select {
			case <-st.pending:
			case <-st.stop:
				return
			}
			select {
			case <-time.After(storeDelay):
			case <-st.stop:
			}
			if err := st.flush(); err != nil {
				log.Warn("streams not stored", "err", err)
			}
		}
	})
}

// soon has the current configurations written within storeDelay.
func (st *store) soon() {
	select {
	case st.pending <- struct{}{}:
	default:
	}
}

// close writes what is pending.
func (st *store) close() error {
	close(st.stop)
	st.worker.Wait()
	select {
	case <-st.pending:
		return st.flush()
	default:
		return nil
	}
}

// save writes the file: a new one that is complete on disk takes the place of the old
// one.
func (st *store) save(configs []Config) error {
	if st.path == "" {
		return nil
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	data, err := json.MarshalIndent(stored{Version: storeVersion, Streams: configs}, "", "\t")
	if err != nil {
		return fmt.Errorf("store the streams: %w", err)
	}
	if err := replaceFile(st.path, append(data, '\n')); err != nil {
		return fmt.Errorf("store the streams: %w", err)
	}
	return nil
}

// replaceFile is durable: the name refers to either the old or the new content,
// whenever the power fails.
func replaceFile(path string, data []byte) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
