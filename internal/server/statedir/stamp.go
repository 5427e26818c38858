package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Stamp tells one content of a file from the next. The zero Stamp is that of a
// missing file.
type Stamp struct {
	inode, size uint64
	modified    time.Time
}

// tick is more than the coarsest step in which filesystems count time.
const tick = 2 * time.Second

// Settled reports whether the file was left alone for so long before now that a
// later change cannot have the same Stamp: within one tick of the clock, a file
// can be replaced by another of the same size and, as numbers are reused, of
// the same inode.
func (s Stamp) Settled(now time.Time) bool {
	age := now.Sub(s.modified)
	return s == Stamp{} || age > tick
}

// Stat returns the Stamp of a file of the directory.
func (d *Dir) Stat(name string) (Stamp, error) { return StampOf(d.Join(name)) }

// StampOf returns the Stamp of the file at path, following symbolic links.
func StampOf(path string) (Stamp, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Stamp{}, nil
	}
	if err != nil {
		return Stamp{}, fmt.Errorf("look at a file: %w", err)
	}
	s := Stamp{size: uint64(info.Size()), modified: info.ModTime()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = st.Ino
	}
	return s, nil
}
