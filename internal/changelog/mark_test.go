package changelog

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestMarkRemembersTheHighest(t *testing.T) {
	dir := t.TempDir()
	for i, v := range []uint64{5, 70_000, 70_000, 9, 80_000, 1 << 40} {
		m, err := openMark(dir)
		if err != nil {
			t.Fatal(err)
		}
		before := m.value
		if err := m.raise(v); err != nil {
			t.Fatal(err)
		}
		if err := m.close(); err != nil {
			t.Fatal(err)
		}
		if got, want := readMark(dir), max(before, v); got != want {
			t.Errorf("step %d: %d, want %d", i, got, want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, markFile)); err != nil || info.Size() != slots*slotSize || info.Mode().Perm() != 0o600 {
		t.Errorf("file %v, %v", info, err)
	}
}

// A write that is torn after any byte leaves the value of before or the new one.
func TestMarkSurvivesTornWrites(t *testing.T) {
	dir := t.TempDir()
	m, err := openMark(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.close() }()
	old := []byte{}
	previous := uint64(0)
	for v := uint64(1000); v < 1<<45; v = v*3 + 17 {
		if err := m.raise(v); err != nil {
			t.Fatal(err)
		}
		now, err := os.ReadFile(filepath.Join(dir, markFile))
		if err != nil {
			t.Fatal(err)
		}
		old = append(old, make([]byte, len(now)-len(old))...)
		for cut := range len(now) + 1 {
			// The slot that was written is torn: its first bytes are new.
			torn := append(bytes.Clone(now[:cut]), old[cut:]...)
			if got, _ := decodeMark(torn); got != previous && got != v {
				t.Fatalf("torn at %d: %d, neither %d nor %d", cut, got, previous, v)
			}
		}
		old, previous = now, v
	}
}

func TestMarkIgnoresWhatItHasNotWritten(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "text": "hello", "zeros": string(make([]byte, 64)), "no checksum": "00000000000003e8                \n",
		"too high":   string(encodeSlot(maxRevision + 1)),
		"upper case": "00000000000003E8 00000000      \n", "signs": "+0000000000003e8 00000000      \n",
	} {
		if v, slot := decodeMark([]byte(content)); v != 0 || slot != slots-1 {
			t.Errorf("%s: value %d in slot %d", name, v, slot)
		}
	}
}

func TestMarkIsLocked(t *testing.T) {
	dir := t.TempDir()
	m, err := openMark(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openMark(dir); !errors.Is(err, ErrInUse) {
		t.Errorf("second open: %v", err)
	}
	_ = m.close()
	m, err = openMark(dir)
	if err != nil {
		t.Fatal(err)
	}
	_ = m.close()
}

func FuzzDecodeMark(f *testing.F) {
	f.Add(append(encodeSlot(12), encodeSlot(1<<40)...))
	f.Add([]byte("0000000000000001 xxxxxxxx"))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, slot := decodeMark(b)
		if v > maxRevision || slot < 0 || slot >= slots {
			t.Fatalf("value %d in slot %d", v, slot)
		}
		if v > 0 && !bytes.EqualFold(b[slot*slotSize:(slot+1)*slotSize], encodeSlot(v)) {
			t.Fatalf("value %d is not in %q", v, b)
		}
	})
}
