package iio

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/procfile"
)

var (
	// errBusy says that another program has the buffer.
	errBusy = errors.New("buffer is in use")
	// errNoTrigger says that nothing would make the device sample.
	errNoTrigger = errors.New("no trigger")
)

const (
	timestampName = "in_timestamp"
	// maxScans bounds the scans that one read returns.
	maxScans = 4096
)

// buffer is a device's buffer that is switched on and open.
type buffer struct {
	dev      Device
	fd       int
	size     int // of a scan
	elements []Element
	stamp    int // index in elements of the time stamp, or -1
	pending  []byte
	chunk    []byte
}

// openBuffer switches the buffer of d on for the named channels and the time
// stamp, with room for the given number of scans, and opens it for reading without
// waiting. Whatever it changed is undone on an error.
func openBuffer(d Device, channels []string, scans int) (*buffer, error) {
	if procfile.ReadString(filepath.Join(d.Dir, "buffer/enable")) == "1" {
		return nil, fmt.Errorf("open buffer of %s: %w", d, errBusy)
	}
	b := &buffer{dev: d, fd: -1, stamp: -1}
	err := b.prepare(channels, scans)
	if err == nil {
		// Nobody needs to wake us: a look takes all that has come since the last.
		b.fd, err = unix.Open(d.Node, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		if err != nil {
			err = &fs.PathError{Op: "open", Path: d.Node, Err: err}
		}
	}
	if err == nil {
		err = writeAttr(filepath.Join(d.Dir, "buffer/enable"), "1")
	}
	if err != nil {
		b.close()
		return nil, fmt.Errorf("open buffer of %s: %w", d, err)
	}
	b.chunk = make([]byte, max(b.size, 4096/b.size*b.size))
	return b, nil
}

func (b *buffer) prepare(channels []string, scans int) error {
	if err := ensureTrigger(b.dev); err != nil {
		return err
	}
	// Time stamps are only subtracted; a clock that nobody sets suits best. Old
	// kernels have no choice.
	_ = writeAttr(filepath.Join(b.dev.Dir, "current_timestamp_clock"), "monotonic")
	if err := b.choose(channels); err != nil {
		return err
	}
	b.size = Layout(b.elements)
	b.stamp = slices.IndexFunc(b.elements, func(e Element) bool { return e.Name == timestampName })
	if err := writeAttr(filepath.Join(b.dev.Dir, "buffer/length"), strconv.Itoa(scans)); err != nil {
		return err
	}
	return nil
}

// choose switches the wanted elements on and all others off, and reads the types
// of those wanted.
func (b *buffer) choose(channels []string) error {
	dir := filepath.Join(b.dev.Dir, "scan_elements")
	missing := len(channels)
	for _, file := range procfile.List(dir) {
		name, ok := strings.CutSuffix(file, "_en")
		if !ok {
			continue
		}
		wanted := slices.Contains(channels, name)
		if !wanted && name != timestampName {
			if procfile.ReadString(filepath.Join(dir, file)) == "1" {
				if err := writeAttr(filepath.Join(dir, file), "0"); err != nil {
					return err
				}
			}
			continue
		}
		if err := writeAttr(filepath.Join(dir, file), "1"); err != nil {
			return err
		}
		e, err := readElement(dir, name)
		if err != nil {
			return err
		}
		b.elements = append(b.elements, e)
		if wanted {
			missing--
		}
	}
	if missing != 0 {
		return fmt.Errorf("%w: %d of %d channels are not in the scan", ErrMalformed, missing, len(channels))
	}
	return nil
}

func readElement(dir, name string) (Element, error) {
	e := Element{Name: name}
	if !number(procfile.ReadString(filepath.Join(dir, name+"_index")), &e.Index) {
		return e, fmt.Errorf("%w: index of %s", ErrMalformed, name)
	}
	var err error
	e.Type, err = ParseElementType(procfile.ReadString(filepath.Join(dir, name+"_type")))
	return e, err
}

// ensureTrigger gives the device its own trigger if it needs one and has none: one
// whose name begins with that of the device, as drivers with a data-ready
// interrupt make it.
func ensureTrigger(d Device) error {
	current := filepath.Join(d.Dir, "trigger/current_trigger")
	file, err := procfile.Open(current)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the device fills its buffer by itself
	}
	if err != nil {
		return fmt.Errorf("read trigger: %w", err)
	}
	text, err := file.ReadAttr()
	name := procfile.Text(text)
	file.Close()
	if err == nil && name != "" && name != "none" {
		return nil
	}
	for _, entry := range procfile.List(filepath.Dir(d.Dir)) {
		name := procfile.ReadString(filepath.Join(filepath.Dir(d.Dir), entry, "name"))
		rest, own := strings.CutPrefix(name, d.Name)
		if !strings.HasPrefix(entry, "trigger") || !own || d.Name == "" {
			continue
		}
		// "bmi160-trigger" or "mpu6050-dev3", but not that of another chip of the kind.
		if n, numbered := strings.CutPrefix(rest, "-dev"); numbered && n != strconv.Itoa(d.Number) {
			continue
		}
		return writeAttr(current, name)
	}
	return errNoTrigger
}

// read takes all scans that have come, oldest first, and calls take with each.
// The scan is valid only during the call. It never waits.
func (b *buffer) read(take func(scan []byte)) error {
	for taken := 0; taken < maxScans; {
		n, err := unix.Read(b.fd, b.chunk)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return nil
		case err != nil:
			return &fs.PathError{Op: "read", Path: b.dev.Node, Err: err}
		case n == 0:
			return nil
		}
		b.pending = append(b.pending, b.chunk[:n]...)
		whole := len(b.pending) / b.size * b.size
		for at := 0; at < whole; at += b.size {
			take(b.pending[at : at+b.size])
			taken++
		}
		b.pending = append(b.pending[:0], b.pending[whole:]...)
	}
	return nil
}

// element returns the channel of that name; openBuffer made sure that there is
// one.
func (b *buffer) element(name string) Element {
	i := slices.IndexFunc(b.elements, func(e Element) bool { return e.Name == name })
	return b.elements[i]
}

// time returns the time stamp of a scan in ns and whether there is one.
func (b *buffer) time(scan []byte) (int64, bool) {
	if b.stamp < 0 {
		return 0, false
	}
	e := b.elements[b.stamp]
	return e.Type.Decode(scan[e.Offset:], 0), true
}

// close switches the buffer off. The device may be gone.
func (b *buffer) close() {
	if b.fd >= 0 {
		_ = unix.Close(b.fd)
		b.fd = -1
	}
	_ = writeAttr(filepath.Join(b.dev.Dir, "buffer/enable"), "0")
}
