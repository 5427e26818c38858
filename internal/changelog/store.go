package changelog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Names of the two parts of the journal.
const (
	currentFile = "changes.jsonl"
	olderFile   = "changes.old.jsonl"
)

// maxLine bounds a line that is read. The longest that is written is an event
// whose texts are all control characters, which JSON writes as six bytes each.
const maxLine = 64 << 10

// store is the journal on disk, open for writing.
type store struct {
	dir   string
	limit int64 // size at which the current part becomes the older one
	file  *os.File
	size  int64
	torn  bool // the last line has no end
	dirty bool // written since the last sync
}

// openStore opens the current part for appending and creates it if need be.
func openStore(dir string, limit int64) (*store, error) {
	s := &store{dir: dir, limit: limit}
	return s, s.open()
}

func (s *store) open() error {
	f, err := openPrivate(filepath.Join(s.dir, currentFile), os.O_RDWR|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return fmt.Errorf("open change journal: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("look at change journal: %w", err)
	}
	// What is in the file may be there since a failure, and not on disk.
	s.file, s.size, s.torn, s.dirty = f, info.Size(), false, info.Size() > 0
	if s.size > 0 {
		var last [1]byte
		_, err := f.ReadAt(last[:], s.size-1)
		s.torn = err != nil || last[0] != '\n'
	} else {
		syncDir(s.dir) // a new name must survive too
	}
	return nil
}

// append hands one entry to the kernel. An error leaves at most a torn line,
// which the next entry does not join.
func (s *store) append(e Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode change: %w", err)
	}
	line = append(line, '\n')
	if s.size > 0 && s.size+int64(len(line)) > s.limit {
		if err := s.rotate(); err != nil {
			return err
		}
	}
	if s.torn {
		line = append([]byte{'\n'}, line...)
	}
	n, err := s.file.Write(line)
	s.size += int64(n)
	if n > 0 {
		s.dirty, s.torn = true, line[n-1] != '\n'
	}
	if err != nil {
		return fmt.Errorf("write change journal: %w", err)
	}
	return nil
}

// rotate makes the current part the older one, which frees the former older one,
// and begins a new one.
func (s *store) rotate() error {
	// Whatever dirty says: tend may be about to sync the file that is closed here.
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("sync change journal: %w", err)
	}
	if err := os.Rename(filepath.Join(s.dir, currentFile), filepath.Join(s.dir, olderFile)); err != nil {
		return fmt.Errorf("rotate change journal: %w", err)
	}
	full := s.file
	if err := s.open(); err != nil {
		return err // the caller closes the store, which still has the full part
	}
	return full.Close()
}

// sync puts what was written on disk.
func (s *store) sync() error {
	if !s.dirty {
		return nil
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("sync change journal: %w", err)
	}
	s.dirty = false
	return nil
}

func (s *store) close() error { return errors.Join(s.sync(), s.file.Close()) }

func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// load hands the readable entries of both parts to keep, oldest first, and
// returns how many lines were not readable. It reads at most the last limit
// bytes of each part.
func load(dir string, limit int64, keep func(Event)) (skipped int, err error) {
	for _, name := range []string{olderFile, currentFile} {
		n, partErr := loadPart(filepath.Join(dir, name), limit, keep)
		skipped += n
		if partErr != nil && !errors.Is(partErr, os.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("read change journal: %w", partErr))
		}
	}
	return skipped, err
}

func loadPart(path string, limit int64, keep func(Event)) (skipped int, err error) {
	f, err := openPrivate(path, os.O_RDONLY)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if over := info.Size() - limit; over > 0 {
		if _, err := f.Seek(over, io.SeekStart); err != nil {
			return 0, err
		}
	}
	return readLines(f, keep)
}

// readLines hands each line of r that is an entry to keep.
func readLines(r io.Reader, keep func(Event)) (skipped int, err error) {
	lines := bufio.NewReaderSize(r, maxLine)
	for tooLong := false; ; {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			tooLong = true
			continue
		}
		if e, ok := decodeLine(line); ok && !tooLong {
			keep(e)
		} else if tooLong || len(bytes.TrimSpace(line)) > 0 {
			skipped++
		}
		tooLong = false
		switch {
		case errors.Is(err, io.EOF):
			return skipped, nil
		case err != nil:
			return skipped, err
		}
	}
}

// decodeLine reads an entry and refuses what this package cannot have written.
func decodeLine(line []byte) (Event, bool) {
	var e Event
	if json.Unmarshal(line, &e) != nil {
		return Event{}, false
	}
	ok := e.Kind != "" && e.Result != "" && e.Revision <= maxRevision && (e.Seq > 0) == (e.Revision > 0)
	return e, ok
}
