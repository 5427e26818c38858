package usb

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxAttribute bounds what is read of one sysfs file, in bytes. A string of a
// device has at most 126 characters, its object store rarely more than 100 bytes.
const maxAttribute = 4096

// attributes is a sysfs folder of a device or an interface. What is missing or
// cannot be read has no value: devices differ, and may go away at any time.
type attributes string

func (a attributes) bytes(name string) []byte {
	f, err := os.Open(filepath.Join(string(a), name))
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	var b [maxAttribute]byte
	n, err := f.Read(b[:])
	if err != nil || n <= 0 {
		return nil
	}
	return append([]byte(nil), b[:n]...)
}

func (a attributes) text(name string) string {
	return strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(string(a.bytes(name)), "\x00", ""), "\uFFFD"))
}

// hex reads a number in hexadecimal without a prefix, as descriptors are shown.
func (a attributes) hex(name string) (uint16, bool) {
	n, err := strconv.ParseUint(a.text(name), 16, 16)
	if err != nil {
		return 0, false
	}
	return uint16(n), true
}

func (a attributes) decimal(name string) (int, bool) {
	n, err := strconv.ParseUint(a.text(name), 10, 31)
	if err != nil {
		return 0, false
	}
	return int(n), true
}

// float reads a speed; "unknown" is 0.
func (a attributes) float(name string) float64 {
	f, err := strconv.ParseFloat(a.text(name), 64)
	if err != nil || f != f || f < 0 || f > 1e6 {
		return 0
	}
	return f
}

// link returns the last part of what a symbolic link points to.
func (a attributes) link(name string) string {
	target, err := os.Readlink(filepath.Join(string(a), name))
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

// parseVersion reads a version such as "2.10" as binary-coded decimal.
func parseVersion(s string) uint16 {
	major, minor, found := strings.Cut(s, ".")
	if !found || len(minor) != 2 {
		return 0
	}
	n, err := strconv.ParseUint(major+minor, 16, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// parseMilliamps reads a current such as "500mA".
func parseMilliamps(s string) int {
	n, err := strconv.ParseUint(strings.TrimSuffix(s, "mA"), 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}
