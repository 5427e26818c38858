package slots

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/source/ota"
)

// TestMain is also the process that TestKill kills.
func TestMain(m *testing.M) {
	if os.Getenv(victimDir) != "" {
		victim()
		return
	}
	goleak.VerifyTestMain(m)
}

// key is the signing key of all tests.
func key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
}

func options(dir string) Options {
	return Options{
		Slots:    [2]Slot{{Name: "a", Path: filepath.Join(dir, "slot-a")}, {Name: "b", Path: filepath.Join(dir, "slot-b")}},
		StateDir: filepath.Join(dir, "boot"), Compatible: "test-device",
		Keys: []ed25519.PublicKey{key().Public().(ed25519.PublicKey)},
	}
}

// content makes the image of a version, different for each.
func content(version string, size int) []byte {
	seed := sha256.Sum256([]byte(version))
	b := make([]byte, size)
	_, _ = rand.NewChaCha8(seed).Read(b) // never fails
	return b
}

func manifest(version string) Manifest {
	return Manifest{Compatible: "test-device", Version: version, BuildID: "1"}
}

func bundle(tb testing.TB, m Manifest, image []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := WriteBundle(&b, m, key(), bytes.NewReader(image)); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func sumOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// board is a device with two slots, of which a holds version 0.
type board struct {
	*Engine
	t   *testing.T
	dir string
}

func newBoard(t *testing.T) *board {
	t.Helper()
	return newBoardIn(t, t.TempDir())
}

func newBoardIn(t *testing.T, dir string) *board {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "slot-a"), content("0", 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := New(options(dir))
	if err != nil {
		t.Fatal(err)
	}
	return &board{Engine: e, t: t, dir: dir}
}

func (d *board) image(b []byte) ota.Image {
	d.t.Helper()
	path := filepath.Join(d.dir, "bundle")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		d.t.Fatal(err)
	}
	return ota.Image{UpdateID: uuid.New(), Path: path, SizeBytes: int64(len(b)), Kind: ota.KindDiskImage}
}

func nobody(int, string) {}

// install installs a version.
func (d *board) install(ctx context.Context, version string) (ota.Attempt, ota.Installed, error) {
	d.t.Helper()
	img := d.image(bundle(d.t, manifest(version), content(version, 1<<20)))
	a, err := d.Begin(ctx, img)
	if err != nil {
		return a, ota.Installed{}, err
	}
	in, err := d.Install(ctx, img, a, nobody)
	return a, in, err
}

// boot is what the boot loader does.
func (d *board) boot() string {
	d.t.Helper()
	name, err := Select(filepath.Join(d.dir, "boot"))
	if err != nil {
		d.t.Fatal(err)
	}
	return name
}

func (d *board) holds(name string, want []byte) bool {
	d.t.Helper()
	got, err := os.ReadFile(filepath.Join(d.dir, "slot-"+name))
	if err != nil {
		d.t.Fatal(err)
	}
	return bytes.Equal(got, want)
}
