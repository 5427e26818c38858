package kmsg

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// recordSize is more than the longest record that the kernel writes (8 KiB in
// the newest ones); it refuses to read into less than a record takes.
const recordSize = 16 << 10

// device is an open /dev/kmsg: each read gives one record.
type device struct {
	file *os.File
	conn syscall.RawConn
	stop func() bool
}

// openDevice opens the kernel log at the oldest record that was not cleared.
// Reads end when ctx is done.
func openDevice(ctx context.Context, path string) (*device, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	conn, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, err
	}
	// Without this, reading begins at the oldest record there is, which is
	// where a kernel that does not know the call leaves it.
	_, _ = file.Seek(0, unix.SEEK_DATA)
	d := &device{file: file, conn: conn}
	d.stop = context.AfterFunc(ctx, func() { _ = file.SetReadDeadline(time.Unix(1, 0)) })
	return d, nil
}

func (d *device) close() {
	d.stop()
	d.file.Close()
}

// read reads one record. At the end of the log it waits for the next one, or,
// without wait, returns 0 bytes.
func (d *device) read(b []byte, wait bool) (n int, err error) {
	// The poller's read would wait in any case.
	connErr := d.conn.Read(func(fd uintptr) bool {
		for {
			if n, err = unix.Read(int(fd), b); !errors.Is(err, unix.EINTR) {
				return !wait || !errors.Is(err, unix.EAGAIN)
			}
		}
	})
	if connErr != nil {
		return 0, connErr
	}
	if !wait && errors.Is(err, unix.EAGAIN) {
		return 0, nil
	}
	return max(n, 0), err
}
