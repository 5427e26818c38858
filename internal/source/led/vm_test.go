//go:build vm

package led_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/source/led"
)

// TestVMKeyboard runs as root in a virtual machine that has a keyboard: the LED
// class of a real kernel.
func TestVMKeyboard(t *testing.T) {
	all, _ := filepath.Glob("/sys/class/leds/*::capslock")
	if len(all) == 0 {
		t.Fatal("no keyboard")
	}
	c := led.New(led.Options{Open: led.Hardware("/", []string{filepath.Base(all[0])})})
	defer c.Close()
	for _, level := range []uint8{255, 0, 255} {
		if err := c.Apply(led.Command{Frame: []led.Color{{R: level}}}); err != nil {
			t.Fatal(err)
		}
		want := "0"
		if level > 0 {
			want = "1"
		}
		if got, _ := os.ReadFile(all[0] + "/brightness"); strings.TrimSpace(string(got)) != want {
			t.Errorf("brightness %q, want %s", got, want)
		}
		trigger, _ := os.ReadFile(all[0] + "/trigger")
		if len(trigger) > 0 && !strings.Contains(string(trigger), "[none]") {
			t.Errorf("trigger %s", trigger)
		}
	}
	// It is a keyboard's, so nobody gets it without asking.
	if _, err := led.Hardware("/", nil)(); err == nil {
		t.Error("the keyboard was taken")
	}
}
