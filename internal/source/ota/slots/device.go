package slots

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/source/ota"
	"github.com/heliograph/heliograph/internal/source/ota/durable"
)

const (
	// bufferBytes is all the memory that copying takes.
	bufferBytes = 256 << 10
	// syncBytes bounds what the kernel holds before it is in the slot.
	syncBytes = 16 << 20
)

// device is an open slot.
type device struct {
	f     *os.File
	block bool
	made  bool // the file was made by this open
}

// openDevice opens a slot for writing. A block device that is mounted, or used
// otherwise, is refused by the kernel; a file that is missing is made.
func openDevice(path string) (*device, error) {
	info, err := os.Stat(path)
	d := &device{}
	flags := os.O_RDWR
	switch {
	case errors.Is(err, os.ErrNotExist):
		d.made = true
		flags |= os.O_CREATE | os.O_EXCL
	case err != nil:
		return nil, fmt.Errorf("open slot: %w", err)
	case info.Mode().IsRegular():
	case info.Mode()&os.ModeDevice != 0 && info.Mode()&os.ModeCharDevice == 0:
		d.block = true
		flags |= unix.O_EXCL
	default:
		return nil, fmt.Errorf("open slot: %s is neither a file nor a block device", path)
	}
	if d.f, err = os.OpenFile(path, flags, 0o600); err != nil {
		return nil, fmt.Errorf("open slot: %w", err)
	}
	return d, nil
}

// capacity reads how large an image may be; -1 if only the disk says.
func capacity(path string) (int64, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		info, err = os.Stat(filepath.Dir(path))
	}
	if err != nil {
		return 0, fmt.Errorf("read size of slot: %w", err)
	}
	if info.Mode()&os.ModeDevice == 0 {
		var fs unix.Statfs_t
		if err := unix.Statfs(filepath.Dir(path), &fs); err != nil {
			return 0, fmt.Errorf("read size of slot: %w", err)
		}
		room := int64(fs.Bavail) * int64(fs.Bsize)
		if info.Mode().IsRegular() {
			room += info.Size() // it is overwritten in place
		}
		return room, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("read size of slot: %w", err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, fmt.Errorf("read size of slot: %w", err)
	}
	return size, nil
}

// fill writes size bytes of from to the start of the slot, makes them durable,
// and returns their SHA-256 in hex.
func (d *device) fill(ctx context.Context, from io.Reader, size int64, step func(done int64)) (string, error) {
	if !d.block {
		// Room is found, or missing, at once. Not all file systems can do it.
		if err := unix.Fallocate(int(d.f.Fd()), 0, 0, size); durable.NoSpace(err) {
			return "", fmt.Errorf("write slot: %w", err)
		}
		if err := d.f.Truncate(size); err != nil {
			return "", fmt.Errorf("write slot: %w", err)
		}
	}
	sum, buf, unsynced := sha256.New(), make([]byte, bufferBytes), 0
	for done := int64(0); done < size; {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		n, err := io.ReadFull(from, buf[:min(int64(len(buf)), size-done)])
		if err != nil {
			return "", fmt.Errorf("read bundle: %w", err)
		}
		sum.Write(buf[:n]) // a hash never fails
		if _, err := d.f.WriteAt(buf[:n], done); err != nil {
			return "", fmt.Errorf("write slot: %w", err)
		}
		done += int64(n)
		if unsynced += n; unsynced >= syncBytes {
			unsynced = 0
			if err := d.f.Sync(); err != nil {
				return "", fmt.Errorf("write slot: %w", err)
			}
		}
		step(done)
	}
	return hex.EncodeToString(sum.Sum(nil)), d.sync()
}

func (d *device) sync() error {
	if err := d.f.Sync(); err != nil {
		return fmt.Errorf("sync slot: %w", err)
	}
	if d.made {
		return durable.SyncDir(filepath.Dir(d.f.Name()))
	}
	return nil
}

// forget makes the kernel drop what it has cached of the slot, so that reading
// it asks the disk. Where that cannot be done, the cache is read.
func (d *device) forget() {
	_ = unix.Fadvise(int(d.f.Fd()), 0, 0, unix.FADV_DONTNEED)
	if d.block {
		_ = unix.IoctlSetInt(int(d.f.Fd()), unix.BLKFLSBUF, 0)
	}
}

// digest reads size bytes from the start of r and returns their SHA-256 in hex.
func digest(ctx context.Context, r io.Reader, size int64, step func(done int64)) (string, error) {
	sum, buf := sha256.New(), make([]byte, bufferBytes)
	for done := int64(0); done < size; {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		n, err := io.ReadFull(r, buf[:min(int64(len(buf)), size-done)])
		if err != nil {
			return "", err
		}
		sum.Write(buf[:n]) // a hash never fails
		done += int64(n)
		step(done)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// share makes a step function that reports the part from..to of a progress.
func share(report ota.Progress, from, to int, size int64, detail string) func(done int64) {
	return func(done int64) { report(from+int(done*int64(to-from)/size), detail) }
}
