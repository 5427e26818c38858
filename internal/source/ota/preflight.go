package ota

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// Preflight tells whether the staged update could be applied now. Errors:
// [ErrNoUpdate], [ErrUnknownUpdate], [ErrNotPresent], and those of the engine.
func (u *Updater) Preflight(ctx context.Context, id uuid.UUID) (Report, error) {
	u.mu.Lock()
	c, err := u.stagedLocked(id)
	u.mu.Unlock()
	if err != nil {
		return Report{}, err
	}
	return u.preflight(ctx, u.image(c), false)
}

// PreflightImage tells whether an image that is not staged could be applied. It
// reads no more of the image than the engine needs for its Peek; the checksum
// is compared by Stage. What is wrong with the image is a verdict; errors are as
// for Stage otherwise.
func (u *Updater) PreflightImage(ctx context.Context, req ImageRequest) (Report, error) {
	c, err := u.newUpdate(&req)
	if errors.Is(err, ErrInvalid) || errors.Is(err, ErrSize) || errors.Is(err, ErrTooLarge) {
		r := Report{Verdict: VerdictInvalidArtifact, Summary: plain(err), WorkDirAvailableBytes: available(u.dirs.cache)}
		return finish(r, Image{UpdateID: uuid.New(), Kind: req.Kind}, true), nil
	}
	if err != nil {
		return Report{}, err
	}
	img := u.image(c)
	img.Path = u.dirs.uploads + "/" + c.Upload
	if !sameDevice(u.dirs.uploads, u.dirs.cache) {
		if room := available(u.dirs.cache); room != nil && *room < uint64(img.SizeBytes) {
			r := Report{
				Verdict: VerdictWorkDirFull, WorkDirAvailableBytes: room,
				Summary: fmt.Sprintf("the image has %d bytes, the cache has room for %d", img.SizeBytes, *room),
			}
			return finish(r, img, true), nil
		}
	}
	return u.preflight(ctx, img, true)
}

// preflight asks the engine. An image that it refuses is a verdict.
func (u *Updater) preflight(ctx context.Context, img Image, transient bool) (Report, error) {
	if err := u.engine.Present(ctx); err != nil {
		return Report{}, err
	}
	r, err := u.engine.Preflight(ctx, img)
	if errors.Is(err, ErrInvalid) {
		r.Verdict, r.Summary = VerdictInvalidArtifact, plain(err)
	} else if err != nil {
		return Report{}, err
	}
	r.DataDirAvailableBytes, r.WorkDirAvailableBytes = available(u.dirs.base), available(u.dirs.work)
	return finish(r, img, transient), nil
}

func finish(r Report, img Image, transient bool) Report {
	r.UpdateID, r.ArtifactKind, r.Transient = img.UpdateID, img.Kind, transient
	r.Ready = r.Verdict == VerdictReady
	if r.ImageSizeBytes == nil && img.SizeBytes > 0 {
		size := uint64(img.SizeBytes)
		r.ImageSizeBytes = &size
	}
	return r
}

// sameDevice tells whether two folders are on one file system.
func sameDevice(a, b string) bool {
	var sa, sb unix.Stat_t
	return unix.Stat(a, &sa) == nil && unix.Stat(b, &sb) == nil && sa.Dev == sb.Dev
}

// stagedLocked returns the update with this id if it is staged.
func (u *Updater) stagedLocked(id uuid.UUID) (*update, error) {
	c := u.rec.Current
	switch {
	case u.closed:
		return nil, ErrClosed
	case c == nil || c.State.Stage.Final():
		return nil, ErrNoUpdate
	case c.State.UpdateID != id:
		return nil, ErrUnknownUpdate
	case c.State.Stage != AwaitingWindow:
		return nil, busyError(&c.State)
	}
	return c, nil
}
