package faketree_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/heliograph/heliograph/internal/testkit/faketree"
)

func TestBuild(t *testing.T) {
	base := faketree.Tree{
		Files: faketree.Files{
			"sys/devices/virtual/thermal/thermal_zone0/type": "cpu-thermal\n",
			"etc/hostname": "first\n",
		},
		Links: faketree.Links{"sys/class/thermal/thermal_zone0": "../../devices/virtual/thermal/thermal_zone0"},
		Dirs:  []string{"sys/class/hwmon"},
	}
	tree := faketree.Build(t, base.Plus(faketree.Tree{Files: faketree.Files{"etc/hostname": "second\n"}}))
	for name, want := range map[string]string{
		"sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
		"etc/hostname":                         "second\n",
	} {
		if got, err := os.ReadFile(filepath.Join(tree.Root, name)); err != nil || string(got) != want {
			t.Errorf("%s = %q, %v; want %q", name, got, err, want)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(tree.Root, "sys/class/hwmon")); err != nil || len(entries) != 0 {
		t.Errorf("empty folder: %v, %v", entries, err)
	}
	if base.Files["etc/hostname"] != "first\n" {
		t.Error("Plus changed its receiver")
	}
}

func TestWriteIsSeenThroughAnOpenFile(t *testing.T) {
	tree := faketree.Build(t, faketree.Tree{Files: faketree.Files{"temp": "1000\n"}})
	file, err := os.Open(filepath.Join(tree.Root, "temp"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tree.Write("temp", "2000\n")
	var buf [5]byte
	if _, err := file.ReadAt(buf[:], 0); err != nil || string(buf[:]) != "2000\n" {
		t.Errorf("read %q, %v after the file was rewritten", buf, err)
	}
	tree.Remove("temp")
	if _, err := os.Stat(file.Name()); !os.IsNotExist(err) {
		t.Errorf("removed file: %v", err)
	}
}
