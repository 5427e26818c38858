package ota

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
)

func sampleRecord() record {
	id := uuid.MustParse("1f6f6f4e-58b8-4a12-9f0a-7d6f0c2a9911")
	size := uint64(5)
	done := State{UpdateID: id, Stage: Complete, FinishedAt: time.Unix(1, 0).UTC(), Engine: "script"}
	return record{
		Current: &update{
			State:  State{UpdateID: id, Stage: Complete, Artifacts: []Artifact{{URL: "file:///x", SizeBytes: &size}}, Engine: "script"},
			Upload: "x", Kind: KindDiskImage, SizeBytes: 5, SHA256: "00",
			Attempt: &Attempt{UpdateID: id, Slot: "b"}, Installed: &Installed{UpdateID: id, Slot: "b"},
		},
		History: []State{done},
	}
}

// TestTornState cuts the state file off at every byte, and changes every byte:
// nothing is claimed then.
func TestTornState(t *testing.T) {
	whole, err := encodeRecord(sampleRecord())
	if err != nil {
		t.Fatal(err)
	}
	if r, err := parseRecord(whole); err != nil || r.Current.State.Stage != Complete {
		t.Fatalf("whole: %+v, %v", r, err)
	}
	for n := range whole {
		if r, err := parseRecord(whole[:n]); !errors.Is(err, errDamaged) || r.Current != nil {
			t.Errorf("the first %d bytes: %+v, %v", n, r, err)
		}
		changed := bytes.Clone(whole)
		changed[n] ^= 1
		if r, err := parseRecord(changed); !errors.Is(err, errDamaged) || r.Current != nil {
			t.Errorf("byte %d changed: %+v, %v", n, r, err)
		}
	}
	dir := t.TempDir()
	for _, n := range []int{0, 1, len(recordMagic), len(whole) / 2, len(whole) - 1} {
		if err := os.WriteFile(filepath.Join(dir, recordFile), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		u, err := Open(Options{Engine: &script{}, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if s := u.Snapshot().State; s != nil || len(u.History()) != 0 {
			t.Errorf("the first %d bytes: %+v", n, s)
		}
		u.Close()
	}
}

// TestImpossibleState has states with the right checksum that are never stored.
func TestImpossibleState(t *testing.T) {
	for name, spoil := range map[string]func(*update){
		"unknown stage":               func(u *update) { u.State.Stage = "done" },
		"idle":                        func(u *update) { u.State.Stage = Idle },
		"no id":                       func(u *update) { u.State.UpdateID = uuid.Nil },
		"applying without an attempt": func(u *update) { u.State.Stage, u.Attempt = Applying, nil },
		"rebooting without a proof":   func(u *update) { u.State.Stage, u.Installed = Rebooting, nil },
	} {
		r := sampleRecord()
		spoil(r.Current)
		data, err := encodeRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseRecord(data); !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRecord(f *testing.F) {
	whole, err := encodeRecord(sampleRecord())
	if err != nil {
		f.Fatal(err)
	}
	_, body, _ := bytes.Cut(whole, []byte("\n"))
	f.Add(body, true)
	f.Add([]byte(`{"current":{"state":{"stage":"applying"}}}`), true)
	f.Add(whole, false)
	f.Fuzz(func(t *testing.T, data []byte, sum bool) {
		if sum { // get past the checksum
			data = sealed(data)
		}
		r, err := parseRecord(data)
		if err != nil {
			return
		}
		again, err := encodeRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseRecord(again); err != nil {
			t.Errorf("%q was read, but not %q: %v", data, again, err)
		}
	})
}
