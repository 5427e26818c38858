package slots

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/heliograph/heliograph/internal/source/ota/durable"
)

const (
	stateFile  = "boot"
	backupFile = "boot.bak"
)

// readState reads the boot state, or, where that is damaged or missing, the
// backup; fromBackup tells that. An error that is os.ErrNotExist says that there
// never was one.
func readState(dir string) (s bootState, fromBackup bool, err error) {
	s, err = readStateFile(filepath.Join(dir, stateFile))
	if err == nil {
		return s, false, nil
	}
	b, backupErr := readStateFile(filepath.Join(dir, backupFile))
	if backupErr == nil {
		return b, true, nil
	}
	if errors.Is(err, os.ErrNotExist) && !errors.Is(backupErr, os.ErrNotExist) {
		err = backupErr
	}
	return bootState{}, false, err
}

func readStateFile(path string) (bootState, error) {
	f, err := os.Open(path)
	if err != nil {
		return bootState{}, fmt.Errorf("read boot state: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxState+1))
	if err != nil {
		return bootState{}, fmt.Errorf("read boot state: %w", err)
	}
	s, err := parseState(data)
	if err != nil {
		return bootState{}, fmt.Errorf("read %s: %w", path, err)
	}
	return s, nil
}

// saveState replaces the boot state.
func saveState(dir string, s bootState) error {
	if err := durable.WriteFile(dir, stateFile, s.encode()); err != nil {
		return fmt.Errorf("write boot state: %w", err)
	}
	return nil
}

// saveBackup replaces the backup by what is confirmed of a state.
func saveBackup(dir string, s bootState) error {
	s = s.fallback()
	if err := durable.WriteFile(dir, backupFile, s.encode()); err != nil {
		return fmt.Errorf("write backup of the boot state: %w", err)
	}
	return nil
}

// Select is what a boot loader or an initramfs calls, once at each boot, with
// the folder of the boot state: it returns the name of the slot to boot. It
// counts the boots of a system on trial, and gives that up when none is left.
// It never returns a slot on trial whose boot it could not count, since that
// could go on for ever: with an error, the name, if not empty, is that of the
// slot that was confirmed last, and may be booted.
func Select(dir string) (string, error) {
	s, _, err := readState(dir)
	if err != nil {
		return "", err
	}
	s.Boots++
	if s.Trial != "" && s.Tries == 0 {
		s.slot(s.Trial).Content = contentBad
		s.Trial = ""
	}
	s.Booted = s.Active
	if s.Trial != "" {
		s.Tries--
		s.Booted = s.Trial
	}
	if err := saveState(dir, s); err != nil {
		return s.Active, err
	}
	return s.Booted, nil
}
