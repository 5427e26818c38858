package ota

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/source/ota/durable"
)

const (
	recordFile  = "state"
	recordMagic = "heliograph-ota 1 "
	maxRecord   = 1 << 20
)

// errDamaged says that a state file is not what was written.
var errDamaged = errors.New("state file is damaged")

// record is what is stored: the newest update and those that have ended.
type record struct {
	Current *update `json:"current"`
	History []State `json:"history,omitempty"` // oldest first
}

// update is all that is known of an update.
type update struct {
	State State `json:"state"`
	// Upload is the name of the image in the uploads folder.
	Upload      string `json:"upload"`
	Kind        string `json:"kind"`
	DeleteImage bool   `json:"delete_image"`
	SizeBytes   int64  `json:"size_bytes"`
	SHA256      string `json:"sha256,omitempty"` // of the cached image, once read
	// Attempt is there since applying, Installed since it was proven.
	Attempt   *Attempt   `json:"attempt,omitempty"`
	Installed *Installed `json:"installed,omitempty"`
	// RebootAsked says that the device was, or was about to be, restarted.
	RebootAsked bool `json:"reboot_asked,omitempty"`

	failure error // why it was rolled back, for those who wait
}

// encodeRecord makes the content of the state file: a line with the SHA-256 of
// the rest, and JSON.
func encodeRecord(r record) ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode update state: %w", err)
	}
	return sealed(body), nil
}

func sealed(body []byte) []byte {
	sum := sha256.Sum256(body)
	return append([]byte(recordMagic+hex.EncodeToString(sum[:])+"\n"), body...)
}

// parseRecord reads a state file; all but exactly what was written is damaged.
func parseRecord(data []byte) (record, error) {
	head, body, ok := bytes.Cut(data, []byte("\n"))
	sum := sha256.Sum256(body)
	if !ok || string(head) != recordMagic+hex.EncodeToString(sum[:]) {
		return record{}, errDamaged
	}
	var r record
	if err := json.Unmarshal(body, &r); err != nil {
		return record{}, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if err := r.check(); err != nil {
		return record{}, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return r, nil
}

// check finds states that the updater never stores.
func (r record) check() error {
	if len(r.History) > maxHistory {
		return errors.New("too many updates")
	}
	c := r.Current
	if c == nil {
		return nil
	}
	switch s := c.State.Stage; {
	case c.State.UpdateID == uuid.Nil:
		return errors.New("update without an id")
	case s == Applying && c.Attempt == nil, s == Rebooting && c.Installed == nil:
		return fmt.Errorf("%s without a record of it", s)
	case s == Downloading, s == Verifying, s == AwaitingWindow, s == Applying, s == Rebooting, s == Complete, s == RolledBack:
		return nil
	default:
		return fmt.Errorf("unknown stage %q", s)
	}
}

// loadRecord reads the state. A file that is damaged is put aside and told:
// nothing is known then, and nothing is claimed.
func (u *Updater) loadRecord() record {
	path := filepath.Join(u.dirs.base, recordFile)
	data, err := readBounded(path, maxRecord)
	if errors.Is(err, os.ErrNotExist) {
		return record{}
	}
	var r record
	if err == nil {
		r, err = parseRecord(data)
	}
	if err != nil {
		u.log.Warn("update state lost", "path", path, "err", err)
		_ = os.Rename(path, path+".damaged") // for whoever wants to look; the next state replaces it anyhow
		return record{}
	}
	return r
}

func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = errDamaged
	}
	return data, err
}

// storeLocked makes a state durable.
func (u *Updater) storeLocked(r record) error {
	data, err := encodeRecord(r)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(u.dirs.base, recordFile, data); err != nil {
		return noSpace(fmt.Errorf("store update state: %w", err))
	}
	return nil
}

// noSpace makes errors of full disks compare with ErrNoSpace.
func noSpace(err error) error {
	if err != nil && durable.NoSpace(err) && !errors.Is(err, ErrNoSpace) {
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return err
}
