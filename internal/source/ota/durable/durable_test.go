package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state")
	for _, text := range []string{"one, which is longer", "two", ""} {
		if err := WriteFile(dir, "state", []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, %v", got, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestFailedWrite keeps the old content whatever fails.
func TestFailedWrite(t *testing.T) {
	dir := t.TempDir()
	if err := WriteFile(dir, "state", []byte("old")); err != nil {
		t.Fatal(err)
	}
	temp := filepath.Join(dir, ".state.tmp")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), temp); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(dir, "state", []byte("new")); err == nil {
		t.Error("a link was followed")
	}
	if got, err := os.ReadFile(filepath.Join(dir, "state")); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "elsewhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was written elsewhere: %v", err)
	}
	if err := WriteFile(filepath.Join(dir, "nowhere"), "state", nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a folder: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(dir, "folder", []byte("x")); err == nil {
		t.Error("a folder was replaced")
	}
	if _, err := os.Lstat(filepath.Join(dir, ".folder.tmp")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

func TestNoSpace(t *testing.T) {
	for err, want := range map[error]bool{
		fmt.Errorf("write: %w", syscall.ENOSPC): true, syscall.EDQUOT: true, syscall.EIO: false,
	} {
		if NoSpace(err) != want {
			t.Errorf("%v", err)
		}
	}
}
