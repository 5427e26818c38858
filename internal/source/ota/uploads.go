package ota

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/source/ota/durable"
)

const (
	partPrefix  = ".part-"
	maxFilename = 128
)

// uploads is the folder of images that were sent here. Files under way have
// names that begin with a dot, which no URL can name.
type uploads struct {
	dir     string
	root    *os.Root
	most    int64 // bytes of one image
	quota   int64
	maxN    int
	maxAge  time.Duration
	bufSize int

	mu       sync.Mutex
	underWay int
	stored   int64 // bytes of the files stored, as of the last look
	flowing  int64 // bytes of the files under way
}

func openUploads(dir string, o Options) (*uploads, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open uploads folder: %w", err)
	}
	up := &uploads{
		dir: dir, root: root, most: o.MaxImageBytes, quota: o.QuotaBytes,
		maxN: o.MaxUploads, maxAge: o.KeepUploads, bufSize: bufferBytes,
	}
	for _, name := range up.names() { // a crash left these behind
		if strings.HasPrefix(name, partPrefix) {
			_ = root.Remove(name)
		}
	}
	up.lookLocked()
	return up, nil
}

func (up *uploads) close() { _ = up.root.Close() }

func (up *uploads) names() []string {
	entries, err := os.ReadDir(up.dir)
	if err != nil {
		return nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// lookLocked removes what is too old, and counts the rest.
func (up *uploads) lookLocked() (n int) {
	up.stored = 0
	for _, name := range up.names() {
		info, err := up.root.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(name, partPrefix) {
			continue
		}
		if up.maxAge > 0 && time.Since(info.ModTime()) > up.maxAge && up.root.Remove(name) == nil {
			continue
		}
		n++
		up.stored += info.Size()
	}
	return n
}

// begin makes room for an upload of size bytes, -1 if that is not known.
func (up *uploads) begin(size int64) error {
	up.mu.Lock()
	defer up.mu.Unlock()
	n := up.lookLocked()
	switch {
	case size > up.most:
		return fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, size, up.most)
	case n+up.underWay >= up.maxN:
		return fmt.Errorf("%w: at most %d are kept", ErrTooMany, up.maxN)
	case size >= 0 && up.stored+up.flowing+size > up.quota:
		return up.fullLocked()
	}
	up.underWay++
	return nil
}

func (up *uploads) fullLocked() error {
	return fmt.Errorf("%w: uploads are bounded to %d bytes", ErrNoSpace, up.quota)
}

// flow accounts for n more bytes of an upload that has had total with them.
func (up *uploads) flow(n int, total int64) error {
	up.mu.Lock()
	defer up.mu.Unlock()
	up.flowing += int64(n)
	switch {
	case total > up.most:
		return fmt.Errorf("%w: at most %d bytes are allowed", ErrTooLarge, up.most)
	case up.stored+up.flowing > up.quota:
		return up.fullLocked()
	}
	return nil
}

// end gives back what begin and flow took.
func (up *uploads) end(total int64) {
	up.mu.Lock()
	defer up.mu.Unlock()
	up.underWay--
	up.flowing -= total
	up.lookLocked()
}

// url makes the URL of a stored file.
func (up *uploads) url(name string) string {
	return (&url.URL{Scheme: "file", Path: path.Join(up.dir, name)}).String()
}

// name finds the file that a URL names: a file: URL of this machine, of a name
// directly in the uploads folder. Nothing is cleaned up on the way, so what is
// not spelled exactly so is refused.
func (up *uploads) name(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "file" || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", ErrBadURL
	}
	if u.Host != "" && u.Host != "localhost" {
		return "", ErrBadURL
	}
	name, ok := strings.CutPrefix(u.Path, up.dir+"/")
	if !ok || name == "" || strings.HasPrefix(name, ".") || strings.ContainsAny(name, "/\x00") {
		return "", ErrBadURL
	}
	return name, nil
}

// open opens a stored file. It follows no link and takes regular files only.
func (up *uploads) open(name string) (*os.File, fs.FileInfo, error) {
	f, err := up.root.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: %s", ErrNoImage, name)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBadURL, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrBadURL
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// keep gives a file that is complete its name, or one like it that is free, and
// makes it durable.
func (up *uploads) keep(part, name string) (string, error) {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for i := 1; i <= up.maxN+1; i++ {
		if i > 1 {
			name = fmt.Sprintf("%s-%d%s", stem, i, ext)
		}
		err := up.root.Link(part, name)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("store upload: %w", err)
		}
		if err := errors.Join(up.root.Remove(part), durable.SyncDir(up.dir)); err != nil {
			_ = up.root.Remove(name) // not sure to survive, so not promised
			return "", err
		}
		return name, nil
	}
	return "", fmt.Errorf("%w: no name is free", ErrTooMany)
}

// cleanName makes a file name out of what a client calls its file: the last
// element, of letters, digits, dots, dashes and underscores.
func cleanName(given string) string {
	given = given[strings.LastIndexAny(given, `/\`)+1:]
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		case r == ' ':
			return '-'
		}
		return -1
	}, given)
	name = strings.TrimLeft(name, ".-")
	if len(name) > maxFilename {
		ext := path.Ext(name)
		ext = ext[:min(len(ext), 16)]
		name = name[:maxFilename-len(ext)] + ext
	}
	return cmp.Or(name, "image.bin")
}

// Stored is an upload that is kept.
type Stored struct {
	Filename  string
	URL       string
	SizeBytes int64
	At        time.Time
}

// Uploads lists the images that were uploaded and are still there, newest first.
func (u *Updater) Uploads() []Stored {
	var list []Stored
	for _, name := range u.uploads.names() {
		info, err := os.Lstat(filepath.Join(u.dirs.uploads, name))
		if err == nil && info.Mode().IsRegular() && !strings.HasPrefix(name, ".") {
			list = append(list, Stored{Filename: name, URL: u.uploads.url(name), SizeBytes: info.Size(), At: info.ModTime()})
		}
	}
	slices.SortFunc(list, func(a, b Stored) int { return b.At.Compare(a.At) })
	return list
}

// RemoveUpload removes the image that a URL of [Uploaded] names. An update that
// is staged from it goes on: it has a name of its own for the file.
func (u *Updater) RemoveUpload(imageURL string) error {
	name, err := u.uploads.name(imageURL)
	if err != nil {
		return err
	}
	if err := u.uploads.root.Remove(name); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrNoImage, name)
	} else if err != nil {
		return fmt.Errorf("remove upload: %w", err)
	}
	return nil
}

func partName() string { return partPrefix + uuid.NewString() }

// canceledBy is the cause of a cancel.
func canceledBy(ctx context.Context, who string) error {
	if who == "" || ctx.Err() != nil {
		return ErrCanceled
	}
	return fmt.Errorf("%w by %s", ErrCanceled, who)
}
