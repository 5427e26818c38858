package changelog

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// The mark file holds the highest revision that any process with this directory
// may have handed out. It consists of two slots that are written in turn and in
// place, so that a torn write leaves the other one, and that a full disk can
// still take it: the blocks are there already.
const (
	markFile = "changes.mark"
	slotSize = 32
	slots    = 2
)

// maxRevision is the highest revision that is taken seriously when it is read
// from a file: the last integer that every JSON reader understands exactly.
const maxRevision = 1<<53 - 1

// ErrInUse is wrapped by Health.Err while another process has the state
// directory.
var ErrInUse = errors.New("the change journal is in use by another process")

// mark is the mark file, open and locked against other processes.
type mark struct {
	file  *os.File
	slot  int // the one written next
	value uint64
}

// openMark opens, creates and locks the mark file of dir. The lock belongs to the
// process and ends with it.
func openMark(dir string) (*mark, error) {
	f, err := openPrivate(filepath.Join(dir, markFile), os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("open revision mark: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = ErrInUse
		}
		return nil, fmt.Errorf("lock revision mark: %w", err)
	}
	m := &mark{file: f}
	var b [slotSize * slots]byte
	n, _ := f.ReadAt(b[:], 0) // a short or unreadable file has no valid slot
	var newest int
	m.value, newest = decodeMark(b[:n])
	m.slot = (newest + 1) % slots
	return m, nil
}

// readMark returns the value of the mark file of dir, 0 if it cannot be read.
// It needs no right to write.
func readMark(dir string) uint64 {
	f, err := openPrivate(filepath.Join(dir, markFile), os.O_RDONLY)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }()
	var b [slotSize * slots]byte
	n, _ := f.ReadAt(b[:], 0)
	value, _ := decodeMark(b[:n])
	return value
}

// raise puts v on disk before it returns. A value that is not higher is ignored.
func (m *mark) raise(v uint64) error {
	if v <= m.value {
		return nil
	}
	if _, err := m.file.WriteAt(encodeSlot(v), int64(m.slot*slotSize)); err != nil {
		return fmt.Errorf("write revision mark: %w", err)
	}
	if err := m.file.Sync(); err != nil {
		return fmt.Errorf("sync revision mark: %w", err)
	}
	m.value, m.slot = v, (m.slot+1)%slots
	return nil
}

func (m *mark) close() error { return m.file.Close() }

func encodeSlot(v uint64) []byte {
	digits := fmt.Sprintf("%016x", v)
	return fmt.Appendf(nil, "%s %08x      \n", digits, crc32.ChecksumIEEE([]byte(digits)))
}

// decodeMark returns the highest value of the valid slots and which slot it is
// in; with no valid one, 0 and the last slot.
func decodeMark(b []byte) (value uint64, newest int) {
	newest = slots - 1
	for i := range slots {
		if len(b) < (i+1)*slotSize {
			break
		}
		v, ok := decodeSlot(string(b[i*slotSize : (i+1)*slotSize]))
		if ok && v > value {
			value, newest = v, i
		}
	}
	return value, newest
}

func decodeSlot(s string) (uint64, bool) {
	var v uint64
	if _, err := fmt.Sscanf(s[:16], "%016x", &v); err != nil || v > maxRevision {
		return 0, false
	}
	return v, strings.EqualFold(s, string(encodeSlot(v)))
}

// openPrivate opens a regular file that only the owner may read, and follows no
// symbolic link.
func openPrivate(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%s is not a regular file", path)
	case info.Mode().Perm()&0o077 != 0 && flag&os.O_RDWR != 0:
		err = f.Chmod(0o600)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
