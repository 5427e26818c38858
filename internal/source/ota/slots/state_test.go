package slots

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/source/ota"
)

// TestTornBootState cuts the boot state off at every byte, and changes every
// byte, while a new system is on trial: the one that was confirmed is booted.
func TestTornBootState(t *testing.T) {
	d := newBoard(t)
	if _, _, err := d.install(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(d.dir, "boot")
	whole, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	torn := func(data []byte) {
		t.Helper()
		write(stateFile, data)
		if s, backup, err := readState(dir); err != nil || !backup || s.Active != "a" || s.Trial != "" {
			t.Fatalf("%q: %+v, %v", data, s, err)
		}
	}
	for n := range whole {
		torn(whole[:n])
		changed := bytes.Clone(whole)
		changed[n] ^= 1
		torn(changed)
	}
	torn(append(bytes.Clone(whole), '\n'))
	if got := d.boot(); got != "a" {
		t.Errorf("booted %s", got)
	}
	write(stateFile, whole[:50])
	if _, err := New(options(d.dir)); err != nil {
		t.Errorf("the engine does not repair the state: %v", err)
	}
	if _, err := d.Begin(t.Context(), d.image(bundle(t, manifest("2"), []byte("x")))); err == nil {
		t.Error("a slot would be overwritten although it is not known which one runs")
	}
	if d.boot() != "a" {
		t.Error("the repaired state boots something else")
	}
	write(stateFile, whole[:50])
	write(backupFile, whole[:50])
	if name, err := Select(dir); !errors.Is(err, errState) || name != "" {
		t.Errorf("with both copies damaged: %q, %v", name, err)
	}
	if _, err := New(options(d.dir)); !errors.Is(err, errState) {
		t.Errorf("with both copies damaged: %v", err)
	}
}

// TestUncountedBoot cannot count the boot of a system on trial, which could go
// on for ever, and therefore boots the old one.
func TestUncountedBoot(t *testing.T) {
	d := newBoard(t)
	if _, _, err := d.install(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(d.dir, "boot")
	if err := os.Mkdir(filepath.Join(dir, "."+stateFile+".tmp"), 0o700); err != nil { // in the way of the next state
		t.Fatal(err)
	}
	if name, err := Select(dir); err == nil || name != "a" {
		t.Errorf("booted %q, %v", name, err)
	}
}

func sampleState() bootState {
	return bootState{
		Active: "a", Trial: "b", Tries: 3, Booted: "a", Boots: 7, Update: uuid.NewString(),
		Slots: [2]slotState{
			{Name: "a", Content: contentGood},
			{Name: "b", Content: contentTrial, SHA256: sumOf(nil), Size: 5, Version: "1 = 2", At: 9},
		},
	}
}

func TestImpossibleState(t *testing.T) {
	for name, spoil := range map[string]func(*bootState){
		"active":        func(s *bootState) { s.Active = "c" },
		"trial":         func(s *bootState) { s.Trial = "c" },
		"trial active":  func(s *bootState) { s.Active = "b" },
		"trial empty":   func(s *bootState) { s.Slots[1].Content = contentEmpty },
		"tries":         func(s *bootState) { s.Tries = 100 },
		"tries of none": func(s *bootState) { s.Trial = "" },
		"booted":        func(s *bootState) { s.Booted = "c" },
		"update":        func(s *bootState) { s.Update = "1" },
		"names":         func(s *bootState) { s.Slots[1].Name = "a" },
		"content":       func(s *bootState) { s.Slots[0].Content = "?" },
		"checksum":      func(s *bootState) { s.Slots[1].SHA256 = "00" },
		"version":       func(s *bootState) { s.Slots[1].Version = "1\nactive=b" },
		"size":          func(s *bootState) { s.Slots[1].Size = -1 },
	} {
		s := sampleState()
		spoil(&s)
		if got, err := parseState(s.encode()); !errors.Is(err, errState) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	s := sampleState()
	if got, err := parseState(s.encode()); err != nil || got != s {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzState(f *testing.F) {
	s := sampleState()
	f.Add(s.encode(), true)
	f.Add([]byte("format=1\nactive=a\n"), true)
	f.Add(s.encode(), false)
	f.Fuzz(func(t *testing.T, data []byte, sum bool) {
		if sum { // get past the checksum
			if i := bytes.LastIndex(data, []byte("sum=")); i >= 0 {
				data = data[:i]
			}
			data = append(bytes.Clone(data), "sum="+sumOf(data)+"\n"...)
		}
		s, err := parseState(data)
		if err != nil {
			return
		}
		if !bytes.Equal(s.encode(), data) {
			t.Errorf("%q was read as %q", data, s.encode())
		}
		if f := s.fallback(); f.check() != nil || f.Trial != "" || f.Active != s.Active {
			t.Errorf("the fallback of %+v is %+v", s, f)
		}
	})
}

func FuzzManifest(f *testing.F) {
	m := manifest("1")
	m.Format, m.Image = 1, ManifestImage{SizeBytes: 1, SHA256: sumOf(nil)}
	body, err := json.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte(`{"format":1}{}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := parseManifest(body)
		if err != nil {
			if !errors.Is(err, ota.ErrInvalid) {
				t.Error(err)
			}
			return
		}
		if again, err := json.Marshal(m); err != nil {
			t.Error(err)
		} else if same, err := parseManifest(again); err != nil || same != m {
			t.Errorf("%+v became %+v, %v", m, same, err)
		}
	})
}

// FuzzBundle reads heads that are signed, whatever is in them, and heads that
// are not.
func FuzzBundle(f *testing.F) {
	keys := []ed25519.PublicKey{key().Public().(ed25519.PublicKey)}
	good := bundle(f, manifest("1"), []byte("image"))
	n := binary.LittleEndian.Uint32(good[len(magic):])
	f.Add(good, false)
	f.Add(good[prefixBytes:prefixBytes+int(n)], true)
	f.Fuzz(func(t *testing.T, data []byte, sign bool) {
		if sign {
			head := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(data)))
			head = append(head, data...)
			data = append(head, ed25519.Sign(key(), head)...)
			data = append(data, "image"...)
		}
		h, err := readHeader(bytes.NewReader(data), int64(len(data)), keys)
		if err != nil {
			if !errors.Is(err, ota.ErrInvalid) {
				t.Error(err)
			}
			return
		}
		if h.offset+h.Image.SizeBytes != int64(len(data)) {
			t.Errorf("the image of %d bytes is said to be at %d of %d", h.Image.SizeBytes, h.offset, len(data))
		}
	})
}
