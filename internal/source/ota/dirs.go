package ota

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"
)

// dirs are the folders of an updater.
type dirs struct{ base, uploads, cache, work string }

// makeDirs makes the folders that are missing.
func makeDirs(base string) (dirs, error) {
	base, err := filepath.Abs(base)
	if err != nil {
		return dirs{}, fmt.Errorf("find the updater's folder: %w", err)
	}
	d := dirs{base: base, uploads: filepath.Join(base, "uploads"), cache: filepath.Join(base, "cache"), work: filepath.Join(base, "work")}
	for _, dir := range []string{d.uploads, d.cache, d.work} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return dirs{}, fmt.Errorf("make the updater's folders: %w", err)
		}
	}
	return d, nil
}

// cached is the path of the image of an update.
func (d dirs) cached(id uuid.UUID) string { return filepath.Join(d.cache, id.String()+".img") }

// sweepCache removes what is in the cache for no update that goes on.
func (u *Updater) sweepCache() {
	keep := ""
	if c := u.rec.Current; c != nil && !c.State.Stage.Final() {
		keep = filepath.Base(u.dirs.cached(c.State.UpdateID))
	}
	entries, err := os.ReadDir(u.dirs.cache)
	if err != nil {
		u.log.Warn("cannot read the cache of images", "err", err)
	}
	for _, e := range entries {
		if e.Name() != keep {
			u.remove(filepath.Join(u.dirs.cache, e.Name()))
		}
	}
}

// dropCached removes the cached image of an update.
func (u *Updater) dropCached(id uuid.UUID) { u.remove(u.dirs.cached(id)) }

func (u *Updater) remove(path string) {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		u.log.Warn("cannot remove an image", "path", path, "err", err)
	}
}

// Place is a folder and what it holds, in bytes.
type Place struct {
	Path       string
	UsageBytes uint64
	// AvailableBytes is the room on its file system; nil if the folder is not
	// there.
	AvailableBytes *uint64
}

// Storage tells how much room images take and have.
type Storage struct {
	Uploads Place
	// QuotaBytes is the bound of the uploads, RemainingBytes what is left of it.
	QuotaBytes, RemainingBytes uint64
	// Cache holds the image of the update that is staged. On the file system of
	// the uploads it is a second name of the uploaded file and takes no room.
	Cache Place
	Work  Place
	// ServiceReleases and FrontendReleases are not used by any engine so far.
	ServiceReleases, FrontendReleases Place
}

// Storage reads how much room there is.
func (u *Updater) Storage() Storage {
	s := Storage{
		Uploads: place(u.dirs.uploads), Cache: place(u.dirs.cache), Work: place(u.dirs.work),
		ServiceReleases:  place(filepath.Join(u.dirs.base, "service_releases")),
		FrontendReleases: place(filepath.Join(u.dirs.base, "frontend_releases")),
		QuotaBytes:       uint64(u.opts.QuotaBytes),
	}
	s.RemainingBytes = s.QuotaBytes - min(s.QuotaBytes, s.Uploads.UsageBytes)
	return s
}

func place(dir string) Place {
	return Place{Path: dir, UsageBytes: usage(dir), AvailableBytes: available(dir)}
}

// usage sums the sizes of the files of a folder, which are few; a folder that is
// not there holds nothing.
func usage(dir string) uint64 {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	var sum uint64
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			sum += uint64(info.Size())
		}
	}
	return sum
}

// available reads the room that is left to unprivileged users.
func available(dir string) *uint64 {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return nil
	}
	n := fs.Bavail * uint64(fs.Bsize)
	return &n
}
