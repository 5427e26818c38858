package ota

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"time"
)

const (
	bufferBytes = 256 << 10
	// syncBytes bounds what the kernel holds of an upload before it is on disk, so
	// that a full disk is found early and the last sync is short.
	syncBytes = 32 << 20
	// peekPatience bounds how long an upload's answer waits for its version.
	peekPatience = 20 * time.Second
)

// UploadRequest tells what is about to be sent.
type UploadRequest struct {
	// Filename is what the client calls it; it is made harmless, and numbered if
	// the name is taken.
	Filename string
	// SizeBytes is the size announced; negative if none was.
	SizeBytes int64
	// SHA256 is the checksum announced, in hex, with or without "sha256:"; empty
	// if none was.
	SHA256 string
}

// Uploaded is an image that was stored.
type Uploaded struct {
	Filename  string
	SizeBytes int64
	SHA256    string // of the whole file, lower-case hex
	URL       string // file: URL for Stage, Preflight and Apply
	// Version and BuildID are what the image says, if it is authentic and says so.
	Version, BuildID string
}

// Upload stores an image, reading r to its end with bounded memory. The file has
// its name only when it is complete, of the announced size and checksum, and on
// disk. Errors: [ErrTooLarge], [ErrTooMany], [ErrNoSpace] (quota or disk),
// [ErrSize], [ErrChecksum], ctx's cause, and those of r. It blocks as long as r
// does: whoever owns r unblocks it.
func (u *Updater) Upload(ctx context.Context, r io.Reader, req UploadRequest) (Uploaded, error) {
	want, err := parseChecksum(req.SHA256)
	if err != nil {
		return Uploaded{}, err
	}
	if u.ctx.Err() != nil {
		return Uploaded{}, ErrClosed
	}
	up := u.uploads
	if err := up.begin(req.SizeBytes); err != nil {
		return Uploaded{}, err
	}
	in := &inflow{up: up, part: partName(), sum: sha256.New(), announced: req.SizeBytes}
	defer func() { up.end(in.total) }()
	if err := in.take(ctx, u.ctx, r); err != nil {
		_ = up.root.Remove(in.part)
		return Uploaded{}, noSpace(err)
	}
	got := hex.EncodeToString(in.sum.Sum(nil))
	name := ""
	if err = in.check(want, got); err == nil {
		name, err = up.keep(in.part, cleanName(req.Filename))
	}
	if err != nil {
		_ = up.root.Remove(in.part)
		return Uploaded{}, noSpace(err)
	}
	done := Uploaded{Filename: name, SizeBytes: in.total, SHA256: got, URL: up.url(name)}
	done.Version, done.BuildID = u.peek(ctx, up.dir+"/"+name)
	return done, nil
}

// peek asks the engine what an image says of itself; not knowing is no error.
func (u *Updater) peek(ctx context.Context, path string) (version, build string) {
	ctx, cancel := context.WithTimeout(ctx, peekPatience)
	defer cancel()
	m, err := u.engine.Peek(ctx, path)
	if err != nil {
		u.log.Debug("uploaded image does not tell its version", "path", path, "err", err)
		return "", ""
	}
	return m.Version, m.BuildID
}

// inflow is an upload under way.
type inflow struct {
	up        *uploads
	part      string
	sum       hash.Hash
	announced int64
	total     int64
}

// take copies r into the part file and puts it on disk.
func (in *inflow) take(ctx, life context.Context, r io.Reader) (err error) {
	f, err := in.up.root.OpenFile(in.part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("store upload: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buf := make([]byte, in.up.bufSize)
	unsynced := 0
	for {
		if err := errors.Join(context.Cause(ctx), context.Cause(life)); err != nil {
			return err
		}
		n, readErr := r.Read(buf)
		if n > 0 {
			if err := in.write(f, buf[:n]); err != nil {
				return err
			}
			if unsynced += n; unsynced >= syncBytes {
				unsynced = 0
				if err := f.Sync(); err != nil {
					return fmt.Errorf("store upload: %w", err)
				}
			}
		}
		if errors.Is(readErr, io.EOF) {
			break
		}
		if readErr != nil {
			return fmt.Errorf("read upload: %w", readErr)
		}
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("store upload: %w", err)
	}
	return nil
}

func (in *inflow) write(f *os.File, b []byte) error {
	in.total += int64(len(b))
	if err := in.up.flow(len(b), in.total); err != nil {
		return err
	}
	if in.announced >= 0 && in.total > in.announced {
		return fmt.Errorf("%w: more than the %d bytes announced", ErrSize, in.announced)
	}
	in.sum.Write(b) // a hash never fails
	if _, err := f.Write(b); err != nil {
		return fmt.Errorf("store upload: %w", err)
	}
	return nil
}

// check compares what came with what was announced.
func (in *inflow) check(want, got string) error {
	switch {
	case in.total == 0:
		return fmt.Errorf("%w: the file is empty", ErrSize)
	case in.announced >= 0 && in.total != in.announced:
		return fmt.Errorf("%w: %d bytes came, %d were announced", ErrSize, in.total, in.announced)
	case want != "" && want != got:
		return fmt.Errorf("%w: the file has %s, %s was announced", ErrChecksum, got, want)
	}
	return nil
}

// parseChecksum reads an announced SHA-256, with or without "sha256:", into
// lower-case hex. Empty stays empty.
func parseChecksum(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	digits := strings.ToLower(s)
	digits = strings.TrimPrefix(digits, "sha256:")
	if b, err := hex.DecodeString(digits); err != nil || len(b) != sha256.Size {
		return "", fmt.Errorf("%w: checksum must be a SHA-256 in hex", ErrChecksum)
	}
	return digits, nil
}
