package app

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/server/statedir"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// slotsConfig is a device with the built-in engine in a folder.
func slotsConfig(dir string) config.Config {
	cfg := config.Default()
	key := base64.StdEncoding.EncodeToString(make([]byte, ed25519.PublicKeySize))
	cfg.OTA.Slots = config.Slots{A: dir + "/a", B: dir + "/b", Compatible: "test", Keys: []string{key}, Tries: 3}
	return cfg
}

func TestEngineIsChosen(t *testing.T) {
	for _, test := range []struct {
		name, want string
		change     func(*config.Config)
	}{
		{"nothing said", "rauc", func(c *config.Config) { c.OTA = config.Default().OTA }},
		{"slots configured", "slots", func(*config.Config) {}},
		{"slots wanted", "slots", func(c *config.Config) { c.OTA.Engine = config.EngineSlots }},
		{"rauc in spite of slots", "rauc", func(c *config.Config) { c.OTA.Engine = config.EngineRAUC }},
		{"none", "none", func(c *config.Config) { c.OTA.Engine = config.EngineNone }},
		{"simulated in spite of all", "simulated", func(c *config.Config) { c.Simulate = []string{simulateOTA} }},
	} {
		dir := t.TempDir()
		cfg := slotsConfig(dir)
		test.change(&cfg)
		if err := cfg.Check(); err != nil {
			t.Fatal(err)
		}
		state, err := statedir.Open(filepath.Join(dir, "state"))
		if err != nil {
			t.Fatal(err)
		}
		updater, err := newUpdater(cfg, state, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else {
			if got := updater.Features().Name; got != test.want {
				t.Errorf("%s: the engine is %s, not %s", test.name, got, test.want)
			}
			updater.Close()
		}
		_ = state.Close()
	}
}

// TestKeyThatBeginsLikeAPath has a key whose base64 begins with a slash, as one of
// 64 does.
func TestKeyThatBeginsLikeAPath(t *testing.T) {
	raw := append([]byte{0xff}, make([]byte, ed25519.PublicKeySize-1)...)
	text := base64.StdEncoding.EncodeToString(raw)
	if got, err := readKey(text); !filepath.IsAbs(text) || err != nil || !bytes.Equal(got, raw) {
		t.Errorf("%s: %x, %v", text, got, err)
	}
}

// TestMistakesNameTheKey has what the configuration alone does not show.
func TestMistakesNameTheKey(t *testing.T) {
	for _, test := range []struct {
		want   string
		change func(dir string, s *config.Slots)
	}{
		{"ota.slots.keys[0]: read public key: open ", func(dir string, s *config.Slots) { s.Keys = []string{dir + "/none.pem"} }},
		{"ota.slots.keys[1]: read public key: it is neither PEM", func(dir string, s *config.Slots) { s.Keys = append(s.Keys, dir+"/text") }},
		{"ota.slots.keys[0]: read public key: ", func(dir string, s *config.Slots) { s.Keys = []string{dir + "/huge"} }},
		{"ota.slots: both paths are the same thing", func(dir string, s *config.Slots) { s.A, s.B = dir+"/text", dir+"/link" }},
		{"ota.slots: read ", func(dir string, s *config.Slots) { s.StateDir = dir + "/damaged" }},
	} {
		dir := t.TempDir()
		if err := os.MkdirAll(dir+"/damaged", 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"text": "no key", "huge": strings.Repeat(" ", maxKeyFile+1), "damaged/boot": "format=1\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Link(dir+"/text", dir+"/link"); err != nil {
			t.Fatal(err)
		}
		cfg := slotsConfig(dir)
		test.change(dir, &cfg.OTA.Slots)
		state, err := statedir.Open(filepath.Join(dir, "state"))
		if err != nil {
			t.Fatal(err)
		}
		updater, err := newUpdater(cfg, state, slog.New(slog.DiscardHandler))
		if err == nil {
			updater.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%v, want %s", err, test.want)
		}
		_ = state.Close()
	}
}

func TestKernelParameter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cmdline")
	if err := os.WriteFile(path, []byte("quiet heliograph.slot=b heliograph.slots=c root=/dev/sda1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := kernelParameter(path, "heliograph.slot"); got != "b" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := kernelParameter(path, "slot"); err == nil || !strings.Contains(err.Error(), "has no slot") {
		t.Errorf("got %v", err)
	}
	if _, err := kernelParameter(path+"x", "slot"); err == nil {
		t.Error("no file, no error")
	}
}

func TestRunCommand(t *testing.T) {
	if err := runCommand(t.Context(), []string{"/bin/true"}, time.Minute); err != nil {
		t.Error(err)
	}
	err := runCommand(t.Context(), []string{"/bin/sh", "-c", "yes padding | head -1000; echo sick >&2; exit 3"}, time.Minute)
	if err == nil || !strings.HasPrefix(err.Error(), "/bin/sh: exit status 3: ") || !strings.HasSuffix(err.Error(), "\nsick") || len(err.Error()) > 600 {
		t.Errorf("got %v", err)
	}
	if err := runCommand(t.Context(), []string{"/nonexistent/program"}, time.Minute); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
	// What it has started is killed, too: it would hold the pipe otherwise.
	err = runCommand(t.Context(), []string{"/bin/sh", "-c", "sleep 1000 & sleep 1000"}, 50*time.Millisecond)
	if err == nil || !strings.HasPrefix(err.Error(), "/bin/sh: no end after 50ms") {
		t.Errorf("got %v", err)
	}
}
