package ota

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/source/ota/slots"
	"github.com/heliograph/heliograph/test/e2e/device"
)

const (
	compatible = "e2e-board"
	imageBytes = 1 << 20
)

// board is a device with two slots that are files, of which a holds version 0 and
// runs, and the built-in update engine. It can be restarted.
type board struct {
	*device.Device
	t     *testing.T
	dir   string
	setup setup
}

// setup changes the configuration of a board.
type setup struct {
	ota      string // further lines of the section ota, indented by two
	oneSlot  bool
	confirm  string // confirm_after, 0s if empty
	stateDir string
	wrap     []string
}

func newBoard(t *testing.T, s setup) *board {
	t.Helper()
	return newBoardIn(t, t.TempDir(), s)
}

func newBoardIn(t *testing.T, dir string, s setup) *board {
	t.Helper()
	b := &board{t: t, dir: dir, setup: s}
	if s.stateDir == "" {
		b.setup.stateDir = filepath.Join(b.dir, "state")
	}
	writeFile(t, b.slotPath("a"), image("0", imageBytes))
	b.start()
	return b
}

func (b *board) slotPath(name string) string { return filepath.Join(b.dir, "slot-"+name) }
func (b *board) bootDir() string             { return filepath.Join(b.dir, "boot") }

// config is the device's configuration file.
func (b *board) config() string {
	confirm := b.setup.confirm
	if confirm == "" {
		confirm = "0s"
	}
	lines := []string{"ota:", "  engine: slots", "  confirm_after: " + confirm}
	if b.setup.ota != "" {
		lines = append(lines, b.setup.ota)
	}
	lines = append(lines, "  slots:", "    a: "+b.slotPath("a"))
	if !b.setup.oneSlot {
		lines = append(lines, "    b: "+b.slotPath("b"))
	}
	lines = append(lines, "    compatible: "+compatible, "    state_dir: "+b.bootDir(),
		"    keys: ["+base64.StdEncoding.EncodeToString(signer(7).Public().(ed25519.PublicKey))+"]")
	return strings.Join(lines, "\n") + "\n"
}

// start starts the server; the one before must have ended.
func (b *board) start() {
	b.t.Helper()
	b.Device = device.Start(b.t, device.Options{Config: b.config(), StateDir: b.setup.stateDir, Wrap: b.setup.wrap})
}

// restart is a crash of the server and its next start.
func (b *board) restart() {
	b.t.Helper()
	b.Kill()
	b.start()
}

// boot is what the boot loader does.
func (b *board) boot() string {
	b.t.Helper()
	name, err := slots.Select(b.bootDir())
	if err != nil {
		b.t.Fatal(err)
	}
	return name
}

// reboot is a loss of power, and the next start of the device. It returns the
// slot that runs then.
func (b *board) reboot() string {
	b.t.Helper()
	b.Kill()
	name := b.boot()
	b.start()
	return name
}

func (b *board) holds(slot string) string {
	b.t.Helper()
	data, err := os.ReadFile(b.slotPath(slot))
	if err != nil && !os.IsNotExist(err) {
		b.t.Fatal(err)
	}
	return sumOf(data)
}

// signer makes a key; the board trusts number 7.
func signer(number byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{number}, ed25519.SeedSize))
}

// image makes the system of a version, different for each.
func image(version string, size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(sha256.Sum256([]byte(version))).Read(data) // never fails
	return data
}

// bundle makes an update; the zero value of what is left out is a good one.
type bundle struct {
	version, compatible, build string
	signer                     byte
	size                       int
}

func (u bundle) make(t *testing.T) []byte {
	t.Helper()
	if u.compatible == "" {
		u.compatible = compatible
	}
	if u.signer == 0 {
		u.signer = 7
	}
	if u.size == 0 {
		u.size = imageBytes
	}
	var out bytes.Buffer
	manifest := slots.Manifest{Compatible: u.compatible, Version: u.version, BuildID: u.build}
	if err := slots.WriteBundle(&out, manifest, signer(u.signer), bytes.NewReader(image(u.version, u.size))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
