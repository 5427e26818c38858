package app

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/server/statedir"
	"github.com/heliograph/heliograph/internal/source/ota"
	"github.com/heliograph/heliograph/internal/source/ota/rauc"
	"github.com/heliograph/heliograph/internal/source/ota/simulated"
	"github.com/heliograph/heliograph/internal/source/ota/slots"
)

// simulateOTA is what --simulate calls the update engine.
const simulateOTA = "ota"

// kernelCommandLine is where the kernel tells how it was started.
const kernelCommandLine = "/proc/cmdline"

// newUpdater opens the updater with the engine that is configured. Mistakes that
// only the device can tell, such as a key that cannot be read, name the key of
// the configuration.
func newUpdater(cfg config.Config, state *statedir.Dir, log *slog.Logger) (*ota.Updater, error) {
	engine, err := newEngine(cfg, state, log)
	if err != nil {
		return nil, err
	}
	c := cfg.OTA
	opts := ota.Options{
		Engine: engine, Dir: state.Join("ota"), Logger: log,
		MaxImageBytes: c.MaxImageBytes, QuotaBytes: c.QuotaBytes, MaxUploads: c.MaxUploads,
		// The updater takes 0 for its defaults.
		KeepUploads: orNegative(c.KeepUploads), ConfirmAfter: orNegative(c.ConfirmAfter),
	}
	if len(c.CheckCommand) > 0 {
		opts.Health = func(ctx context.Context) error { return runCommand(ctx, c.CheckCommand, c.CheckTimeout) }
	}
	if len(c.RebootCommand) > 0 {
		opts.Reboot = func(ctx context.Context) error { return runCommand(ctx, c.RebootCommand, rebootTimeout) }
	}
	updater, err := ota.Open(opts)
	if err != nil {
		return nil, fmt.Errorf("open the updater: %w", err)
	}
	return updater, nil
}

// orNegative makes none of 0, which stands for a default where it goes.
func orNegative[T ~int64](v T) T {
	if v == 0 {
		return -1
	}
	return v
}

// newEngine returns the engine that writes updates. RAUC is asked whenever
// somebody wants to know, and may be absent.
func newEngine(cfg config.Config, state *statedir.Dir, log *slog.Logger) (ota.Engine, error) {
	switch {
	case slices.Contains(cfg.Simulate, simulateOTA):
		return simulated.New(simulated.Options{}), nil
	case cfg.OTA.UsesSlots():
		return newSlots(cfg.OTA.Slots, state, log)
	case cfg.OTA.Engine == config.EngineNone:
		return ota.None{}, nil
	}
	return rauc.New(rauc.Options{Logger: log}), nil
}

// newSlots returns the built-in engine.
func newSlots(c config.Slots, state *statedir.Dir, log *slog.Logger) (ota.Engine, error) {
	opts := slots.Options{
		Slots:    [2]slots.Slot{{Name: "a", Path: c.A}, {Name: "b", Path: c.B}},
		StateDir: c.StateDir, Compatible: c.Compatible, Tries: c.Tries, Logger: log,
	}
	if opts.StateDir == "" {
		opts.StateDir = state.Join(filepath.Join("ota", "boot"))
	}
	for i, text := range c.Keys {
		key, err := readKey(text)
		if err != nil {
			return nil, fmt.Errorf("ota.slots.keys[%d]: %w", i, err)
		}
		opts.Keys = append(opts.Keys, key)
	}
	if name := c.KernelParameter; name != "" {
		opts.Booted = func() (string, error) { return kernelParameter(kernelCommandLine, name) }
	}
	engine, err := slots.New(opts)
	if err != nil {
		return nil, fmt.Errorf("ota.slots: %w", err)
	}
	return engine, nil
}

// maxKeyFile bounds the file of a key.
const maxKeyFile = 64 << 10

// readKey reads a trusted key: the key in base64, which may begin with a slash, or
// the path of a PEM file.
func readKey(text string) (ed25519.PublicKey, error) {
	if key, err := slots.ParsePublicKey(text); err == nil || !filepath.IsAbs(text) {
		return key, err
	}
	data, err := readSmallFile(text, maxKeyFile)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	return slots.ParsePublicKey(string(data))
}

// readSmallFile reads a file that must not be larger than most bytes.
func readSmallFile(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s has more than %d bytes", path, most)
	}
	return data, err
}

// kernelParameter reads name=value from a kernel's command line.
func kernelParameter(path, name string) (string, error) {
	data, err := readSmallFile(path, maxKeyFile)
	if err != nil {
		return "", err
	}
	for _, field := range strings.Fields(string(data)) {
		if value, ok := strings.CutPrefix(field, name+"="); ok {
			return value, nil
		}
	}
	return "", errors.New("the kernel's command line has no " + name)
}
