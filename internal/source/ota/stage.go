package ota

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/source/ota/durable"
)

// ImageRequest names an image to be staged.
type ImageRequest struct {
	// URL is a file: URL of the uploads folder, as Upload gives it.
	URL string
	// Kind is one of the Kind constants; empty means KindDiskImage, which is the
	// only one that the engines know.
	Kind string
	// SizeBytes is the size it must have; nil if that does not matter.
	SizeBytes *uint64
	// SHA256 is the checksum it must have, in hex, with or without "sha256:";
	// empty if that does not matter.
	SHA256 string
	// KeepImage keeps the upload after it was applied.
	KeepImage bool
	// RequestedBy is who asked for it, for the record.
	RequestedBy string
}

// Stage begins an update: the image is taken into the cache and hashed
// (downloading), and the engine verifies it (verifying). It returns when that
// has begun; see [Updater.AwaitStaged] for the end. Errors: [ErrBusy],
// [ErrBadURL], [ErrNoImage], [ErrInvalid] (the kind), [ErrSize], [ErrChecksum] if
// the request is wrong, [ErrNotPresent], [ErrClosed], and those of the disk.
func (u *Updater) Stage(ctx context.Context, req ImageRequest) (uuid.UUID, error) {
	if err := u.engine.Present(ctx); err != nil {
		return uuid.Nil, err
	}
	up, err := u.newUpdate(&req)
	if err != nil {
		return uuid.Nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return uuid.Nil, ErrClosed
	}
	if c := u.rec.Current; c != nil && !c.State.Stage.Final() {
		return uuid.Nil, busyError(&c.State)
	}
	next := record{Current: up, History: u.rec.History}
	if err := u.storeLocked(next); err != nil {
		return uuid.Nil, err
	}
	u.tellLocked(next)
	u.startLocked(func(ctx context.Context) {
		if err := u.stage(ctx, *up, req); err != nil {
			u.fail(ctx, err)
		}
	})
	return up.State.UpdateID, nil
}

// newUpdate checks a request as far as that takes no time.
func (u *Updater) newUpdate(req *ImageRequest) (*update, error) {
	if req.Kind == "" {
		req.Kind = KindDiskImage
	}
	if req.Kind != KindDiskImage {
		return nil, kindError(req.Kind)
	}
	want, err := parseChecksum(req.SHA256)
	if err != nil {
		return nil, err
	}
	req.SHA256 = want
	name, err := u.uploads.name(req.URL)
	if err != nil {
		return nil, err
	}
	f, info, err := u.uploads.open(name)
	if err != nil {
		return nil, err
	}
	_ = f.Close() // only looked at
	if err := checkSize(info.Size(), req.SizeBytes, u.opts.MaxImageBytes); err != nil {
		return nil, err
	}
	features, size := u.engine.Features(), uint64(info.Size())
	art := Artifact{URL: u.uploads.url(name), SizeBytes: &size}
	if want != "" {
		art.Checksum = "sha256:" + want
	}
	return &update{
		Upload: name, Kind: req.Kind, DeleteImage: !req.KeepImage, SizeBytes: info.Size(),
		State: State{
			UpdateID: uuid.New(), Stage: Downloading, StartedAt: time.Now().UTC(), Artifacts: []Artifact{art},
			StagedBy: req.RequestedBy, Engine: features.Name, Simulated: features.Simulated,
		},
	}, nil
}

func kindError(kind string) error {
	return fmt.Errorf("%w: no engine here installs a %q", ErrInvalid, kind)
}

func checkSize(size int64, want *uint64, most int64) error {
	switch {
	case want != nil && *want != uint64(size):
		return fmt.Errorf("%w: the image has %d bytes, not %d", ErrSize, size, *want)
	case size > most:
		return fmt.Errorf("%w: at most %d bytes are allowed", ErrTooLarge, most)
	}
	return nil
}

// stage is the job of the first two stages.
func (u *Updater) stage(ctx context.Context, up update, req ImageRequest) error {
	sum, err := u.fetch(ctx, up, req)
	if err != nil {
		return err
	}
	err = u.move(ctx, Verifying, func(c *update) {
		c.SHA256 = sum
		c.State.Artifacts[0].Checksum = "sha256:" + sum
	})
	if err != nil {
		return err
	}
	up.SHA256 = sum
	manifest, err := u.engine.Verify(ctx, u.image(&up), u.progress(Verifying))
	if err != nil {
		return err
	}
	u.progress(Verifying)(100, "")
	return u.move(ctx, AwaitingWindow, func(c *update) {
		c.State.Version, c.State.BuildID = plainText(manifest.Version), plainText(manifest.BuildID)
	}, StageComplete{UpdateID: up.State.UpdateID})
}

func (u *Updater) image(c *update) Image {
	return Image{
		UpdateID: c.State.UpdateID, Path: u.dirs.cached(c.State.UpdateID),
		Kind: c.Kind, SizeBytes: c.SizeBytes, SHA256: c.SHA256,
	}
}

// fetch gives the image a place in the cache that nobody else knows, so that the
// upload may be removed or its name used again, and hashes it. Within a file
// system it is only a second name.
func (u *Updater) fetch(ctx context.Context, up update, req ImageRequest) (sum string, err error) {
	from, info, err := u.uploads.open(up.Upload)
	if err != nil {
		return "", err
	}
	defer from.Close()
	if err := checkSize(info.Size(), req.SizeBytes, u.opts.MaxImageBytes); err != nil {
		return "", err
	}
	to, detail := u.dirs.cached(up.State.UpdateID), "reading"
	var out io.Writer = io.Discard
	if !u.linked(up.Upload, to, info) {
		detail = "copying"
		f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return "", noSpace(fmt.Errorf("copy image: %w", err))
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	sum, err = hashCopy(ctx, out, from, info.Size(), u.progress(Downloading), detail)
	if err != nil {
		return "", noSpace(err)
	}
	if f, ok := out.(*os.File); ok {
		if err := f.Sync(); err != nil {
			return "", noSpace(fmt.Errorf("copy image: %w", err))
		}
	}
	if req.SHA256 != "" && req.SHA256 != sum {
		return "", fmt.Errorf("%w: the image has %s, not %s", ErrChecksum, sum, req.SHA256)
	}
	return sum, durable.SyncDir(u.dirs.cache)
}

// linked gives the file that info is of a second name, if that is possible.
func (u *Updater) linked(name, to string, info os.FileInfo) bool {
	if os.Link(u.dirs.uploads+"/"+name, to) != nil {
		return false
	}
	if got, err := os.Lstat(to); err == nil && os.SameFile(got, info) {
		return true
	}
	_ = os.Remove(to) // the name was given to another file in between
	return false
}

// hashCopy copies size bytes with bounded memory and returns their SHA-256 in
// hex.
func hashCopy(ctx context.Context, to io.Writer, from io.Reader, size int64, report Progress, detail string) (string, error) {
	sum, buf, done := sha256.New(), make([]byte, bufferBytes), int64(0)
	for done < size {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		n, err := io.ReadFull(from, buf[:min(int64(len(buf)), size-done)])
		if err != nil {
			return "", fmt.Errorf("read image: %w", err)
		}
		sum.Write(buf[:n]) // a hash never fails
		if _, err := to.Write(buf[:n]); err != nil {
			return "", fmt.Errorf("copy image: %w", err)
		}
		done += int64(n)
		report(int(done*100/size), detail)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// AwaitStaged waits until an update is staged. It returns a [*FailedError] if it
// was rolled back before, [ErrUnknownUpdate] if it is not the newest, and ctx's
// cause when ctx is done; the staging then goes on.
func (u *Updater) AwaitStaged(ctx context.Context, id uuid.UUID) error {
	for {
		u.mu.Lock()
		c, changed := u.rec.Current, u.changed
		u.mu.Unlock()
		switch {
		case c == nil || c.State.UpdateID != id:
			return ErrUnknownUpdate
		case c.State.Stage == RolledBack:
			return &FailedError{UpdateID: id, Cause: c.cause()}
		case c.State.Stage != Downloading && c.State.Stage != Verifying:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-u.ctx.Done():
			return ErrClosed
		}
	}
}

// cause is why an update was rolled back.
func (c *update) cause() error {
	if c.failure != nil {
		return c.failure
	}
	return errors.New(c.State.LastError)
}
