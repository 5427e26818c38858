package uevent

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	const usb = "add@/devices/pci0000:00/0000:00:14.0/usb1/1-2\x00ACTION=add\x00DEVPATH=/devices/pci0000:00/0000:00:14.0/usb1/1-2\x00" +
		"SUBSYSTEM=usb\x00MAJOR=189\x00MINOR=4\x00DEVNAME=bus/usb/001/005\x00DEVTYPE=usb_device\x00PRODUCT=525/a4a7/601\x00TYPE=2/0/0\x00BUSNUM=001\x00DEVNUM=005\x00SEQNUM=4242\x00"
	e, err := Parse([]byte(usb))
	if err != nil {
		t.Fatal(err)
	}
	if e.Action != "add" || e.DevPath != "/devices/pci0000:00/0000:00:14.0/usb1/1-2" || e.Subsystem != "usb" ||
		e.DevType != "usb_device" || e.Seq != 4242 || e.Overrun {
		t.Errorf("parsed %+v", e)
	}
	for key, want := range map[string]string{"PRODUCT": "525/a4a7/601", "DEVNAME": "bus/usb/001/005", "DEVNUM": "005", "PROD": "", "": ""} {
		if got := e.Get(key); got != want {
			t.Errorf("Get(%q) = %q, want %q", key, got, want)
		}
	}
}

func TestParseOddButTrue(t *testing.T) {
	tests := []struct {
		name, msg string
		path, sub string
		key, val  string
		seq       uint64
	}{
		{"at sign in the path", "add@/devices/x/eth@0\x00SUBSYSTEM=net\x00", "/devices/x/eth@0", "net", "", "", 0},
		{"equals in a value", "change@/a\x00SYNTH_ARG_FOO=a=b\x00SUBSYSTEM=block\x00", "/a", "block", "SYNTH_ARG_FOO", "a=b", 0},
		{"no variables", "remove@/a\x00", "/a", "", "", "", 0},
		{"last one unterminated", "remove@/a\x00SUBSYSTEM=usb\x00SEQNUM=7", "/a", "usb", "SEQNUM", "7", 7},
		{"number out of range", "add@/a\x00SEQNUM=99999999999999999999\x00", "/a", "", "SEQNUM", "99999999999999999999", 1<<64 - 1},
		{"variables without a name or value", "add@/a\x00=x\x00nothing\x00\x00SUBSYSTEM=usb\x00", "/a", "usb", "nothing", "", 0},
		{"first of two wins", "add@/a\x00SUBSYSTEM=usb\x00SUBSYSTEM=net\x00", "/a", "usb", "", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := Parse([]byte(tt.msg))
			if err != nil {
				t.Fatal(err)
			}
			if e.DevPath != tt.path || e.Subsystem != tt.sub || e.Get(tt.key) != tt.val || e.Seq != tt.seq {
				t.Errorf("parsed %+v", e)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, msg := range map[string]string{
		"empty":           "",
		"no header end":   "add@/devices/x",
		"no at":           "add/devices\x00SUBSYSTEM=usb\x00",
		"no action":       "@/devices\x00",
		"relative path":   "add@devices\x00",
		"udev's":          "libudev\x00\xfe\xed\xca\xfe\x28\x00\x00\x00",
		"only a variable": "SUBSYSTEM=usb\x00",
		"too long":        "add@/" + strings.Repeat("x", maxMessage) + "\x00",
	} {
		if e, err := Parse([]byte(msg)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %+v, %v", name, e, err)
		}
	}
}

func TestParseIsBounded(t *testing.T) {
	e, err := Parse([]byte("add@/a\x00" + strings.Repeat("A=\x00", 2000)))
	if err != nil || len(e.env) != maxEnv {
		t.Errorf("kept %d variables, %v", len(e.env), err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("change@/devices/virtual/net/lo\x00ACTION=change\x00DEVPATH=/devices/virtual/net/lo\x00SUBSYSTEM=net\x00SEQNUM=820\x00"))
	f.Add([]byte("libudev\x00\xfe\xed\xca\xfe"))
	f.Add([]byte("@\x00=\x00"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		e, err := Parse(msg)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("unexpected kind of error %v", err)
			}
			return
		}
		if e.Action == "" || !strings.HasPrefix(e.DevPath, "/") || len(e.env) > maxEnv || e.Overrun {
			t.Fatalf("accepted %+v", e)
		}
		if e.Subsystem != e.Get("SUBSYSTEM") || e.DevType != e.Get("DEVTYPE") {
			t.Fatalf("fields differ from variables: %+v", e)
		}
		// The event must not change when the read buffer is used again.
		before := e.Action + e.DevPath + strings.Join(e.env, "|")
		clear(msg)
		if before != e.Action+e.DevPath+strings.Join(e.env, "|") {
			t.Fatal("event shares memory with the message")
		}
	})
}
