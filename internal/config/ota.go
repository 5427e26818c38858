package config

import (
	"encoding/base64"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// The engines that write updates.
const (
	// EngineAuto means EngineSlots if slots are configured, else EngineRAUC.
	EngineAuto = "auto"
	// EngineRAUC is RAUC on the system's D-Bus.
	EngineRAUC = "rauc"
	// EngineSlots is the built-in engine.
	EngineSlots = "slots"
	// EngineNone offers no updates.
	EngineNone = "none"
)

// OTA belongs to the updater.
type OTA struct {
	// Engine is one of the constants.
	Engine string `yaml:"engine"`
	// MaxImageBytes bounds one uploaded image, QuotaBytes all together,
	// MaxUploads their number; what is older than KeepUploads is removed, unless
	// that is 0.
	MaxImageBytes int64         `yaml:"max_image_bytes"`
	QuotaBytes    int64         `yaml:"quota_bytes"`
	MaxUploads    int           `yaml:"max_uploads"`
	KeepUploads   time.Duration `yaml:"keep_uploads"`
	// ConfirmAfter is how long a new system must have run before it is asked for
	// its health, by CheckCommand, and kept.
	ConfirmAfter time.Duration `yaml:"confirm_after"`
	// CheckCommand is a program with its arguments that ends with 0, within
	// CheckTimeout, if the new system is healthy. Empty: having run is enough.
	CheckCommand []string      `yaml:"check_command"`
	CheckTimeout time.Duration `yaml:"check_timeout"`
	// RebootCommand restarts the device. Empty: somebody else does.
	RebootCommand []string `yaml:"reboot_command"`
	// Slots are for the built-in engine.
	Slots Slots `yaml:"slots"`
}

// Slots belongs to the built-in update engine.
type Slots struct {
	// A and B are the slots: block devices or files.
	A string `yaml:"a"`
	B string `yaml:"b"`
	// Compatible is the kind of this device.
	Compatible string `yaml:"compatible"`
	// Keys are trusted Ed25519 public keys: absolute paths of PEM files, or 32
	// bytes in base64.
	Keys []string `yaml:"keys"`
	// StateDir holds the boot state; empty means ota/boot in the state directory.
	StateDir string `yaml:"state_dir"`
	// Tries is how often a new system is booted before the old one is again.
	Tries int `yaml:"tries"`
	// KernelParameter names the parameter of the kernel's command line that tells
	// the slot that runs, a or b. Empty: what was selected last runs.
	KernelParameter string `yaml:"kernel_parameter"`
}

func defaultOTA() OTA {
	return OTA{
		Engine:        EngineAuto,
		MaxImageBytes: 2048 << 20,
		QuotaBytes:    4096 << 20,
		MaxUploads:    16,
		KeepUploads:   7 * 24 * time.Hour,
		ConfirmAfter:  30 * time.Second,
		CheckCommand:  []string{},
		CheckTimeout:  time.Minute,
		RebootCommand: []string{},
		Slots:         Slots{Keys: []string{}, Tries: 3},
	}
}

// UsesSlots tells whether the built-in engine is the one to use.
func (o *OTA) UsesSlots() bool {
	return o.Engine == EngineSlots || o.Engine == EngineAuto && (o.Slots.A != "" || o.Slots.B != "")
}

func (o *OTA) check(p *problems) {
	if engines := []string{EngineAuto, EngineRAUC, EngineSlots, EngineNone}; !slices.Contains(engines, o.Engine) {
		p.add("ota.engine", "%q is none of auto, rauc, slots and none", o.Engine)
	}
	if o.MaxImageBytes < 1 {
		p.add("ota.max_image_bytes", "%d is not positive", o.MaxImageBytes)
	}
	if o.QuotaBytes < o.MaxImageBytes {
		p.add("ota.quota_bytes", "%d is less than ota.max_image_bytes, %d", o.QuotaBytes, o.MaxImageBytes)
	}
	if o.MaxUploads < 1 || o.MaxUploads > 1000 {
		p.add("ota.max_uploads", "%d is not between 1 and 1000", o.MaxUploads)
	}
	if o.KeepUploads < 0 {
		p.add("ota.keep_uploads", "%v is negative; 0 keeps uploads for ever", o.KeepUploads)
	}
	if o.ConfirmAfter < 0 || o.ConfirmAfter > 24*time.Hour {
		p.add("ota.confirm_after", "%v is not between 0s and 24h", o.ConfirmAfter)
	}
	if o.CheckTimeout <= 0 || o.CheckTimeout > time.Hour {
		p.add("ota.check_timeout", "%v is not above 0s and at most 1h", o.CheckTimeout)
	}
	checkCommand(p, "ota.check_command", o.CheckCommand)
	checkCommand(p, "ota.reboot_command", o.RebootCommand)
	if o.UsesSlots() {
		o.Slots.check(p)
	}
}

// checkCommand wants no search path: what is run must not depend on it.
func checkCommand(p *problems, key string, command []string) {
	if len(command) > 0 && !filepath.IsAbs(command[0]) {
		p.add(key+"[0]", "%q is no absolute path of a program", command[0])
	}
}

func (s *Slots) check(p *problems) {
	for key, path := range map[string]string{"a": s.A, "b": s.B, "state_dir": s.StateDir} {
		if path != "" && !filepath.IsAbs(path) {
			p.add("ota.slots."+key, "%q is no absolute path", path)
		}
	}
	if s.A == "" {
		p.add("ota.slots.a", "give the block device or file of the first slot")
	}
	if s.B != "" && filepath.Clean(s.A) == filepath.Clean(s.B) {
		p.add("ota.slots.b", "%q is also the first slot", s.B)
	}
	if !regexp.MustCompile(`^[ -~]{1,128}$`).MatchString(s.Compatible) {
		p.add("ota.slots.compatible", "give the kind of this device, up to 128 plain characters; updates for other kinds are refused")
	}
	if len(s.Keys) == 0 {
		p.add("ota.slots.keys", "give at least one public key; without one no update could be trusted")
	}
	for i, key := range s.Keys {
		raw, err := base64.StdEncoding.DecodeString(key)
		if !filepath.IsAbs(key) && (err != nil || len(raw) != 32) {
			p.add(fmt.Sprintf("ota.slots.keys[%d]", i), "%q is neither an absolute path of a PEM file nor 32 bytes in base64", key)
		}
	}
	if s.Tries < 1 || s.Tries > 99 {
		p.add("ota.slots.tries", "%d is not between 1 and 99", s.Tries)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9._-]*$`).MatchString(s.KernelParameter) {
		p.add("ota.slots.kernel_parameter", "%q is no name of a kernel parameter, such as heliograph.slot", s.KernelParameter)
	}
}
