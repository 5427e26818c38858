// Package durable replaces small files so that a crash or a power cut at any
// moment leaves either the old or the new content, and never a part of one.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// WriteFile replaces the file name in the folder dir with data: a temporary
// file beside it is written, synced and renamed, and then the folder is synced.
// When it returns nil, data survives a power cut. When it returns an error, the
// old content or the new one is there. The temporary file has a fixed name, so
// that a crash leaves at most one behind; therefore writers of the same file
// must take turns. Mode 0600.
func WriteFile(dir, name string, data []byte) error {
	temp := filepath.Join(dir, "."+name+".tmp")
	if err := writeSynced(temp, data); err != nil {
		_ = os.Remove(temp) // what could not be written holds no room
		return err
	}
	if err := os.Rename(temp, filepath.Join(dir, name)); err != nil {
		_ = os.Remove(temp)
		return fmt.Errorf("put %s in place: %w", name, err)
	}
	return SyncDir(dir)
}

func writeSynced(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("make temporary file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return fmt.Errorf("write temporary file: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync temporary file: %w", err)
	}
	return nil
}

// SyncDir makes names that were added to, changed in or removed from a folder
// survive a power cut.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}

// NoSpace tells whether err says that a file system or a quota of it is full.
func NoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
