package procfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/procfs"

	"github.com/heliograph/heliograph/internal/procfile"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
)

func TestFileSeesNewContentAndGrows(t *testing.T) {
	tree := faketree.Build(t, faketree.Tree{Files: faketree.Files{"a": "1\n"}})
	file, err := procfile.Open(filepath.Join(tree.Root, "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, content := range []string{"1\n", "", "-7\n", strings.Repeat("x", 4096), strings.Repeat("y", 100_000), "2"} {
		tree.Write("a", content)
		if got, err := file.Read(); err != nil || string(got) != content {
			t.Fatalf("read %d bytes, %v; want %d", len(got), err, len(content))
		}
	}
	tree.Write("a", strings.Repeat("long ", 200))
	if got, err := file.ReadAttr(); err != nil || len(got) != 1000 {
		t.Errorf("attribute of 1000 bytes: %d, %v", len(got), err)
	}
	tree.Write("a", strings.Repeat("z", procfile.MaxSize))
	if _, err := file.Read(); !errors.Is(err, procfile.ErrTooLarge) {
		t.Errorf("too large a file: %v", err)
	}
}

func TestReadAttrGrowsItsSmallBuffer(t *testing.T) {
	tree := faketree.Build(t, faketree.Tree{Files: faketree.Files{"a": strings.Repeat("0: 500Mhz\n", 30)}})
	file, err := procfile.Open(filepath.Join(tree.Root, "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if got, err := file.ReadAttr(); err != nil || len(got) != 300 {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

func TestFileErrors(t *testing.T) {
	if _, err := procfile.Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open: %v", err)
	}
	file, err := procfile.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Read(); err == nil {
		t.Error("read a folder without an error")
	}
	file.Close()
	file.Close()
	var none *procfile.File
	none.Close()
	if _, ok := none.Int(); ok {
		t.Error("a file that could not be opened holds a number")
	}
}

func TestInt(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "51234\n": 51234, " -5000 \n": -5000, "9223372036854775807": math.MaxInt64} {
		if got, ok := procfile.Int([]byte(text)); !ok || got != want {
			t.Errorf("Int(%q) = %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-", "\n", "1 2", "0x10", "1.5", "N/A", "9223372036854775808", "99999999999999999999"} {
		if got, ok := procfile.Int([]byte(text)); ok {
			t.Errorf("Int(%q) = %d", text, got)
		}
	}
}

func TestMeminfo(t *testing.T) {
	const modern = "MemTotal:        8000 kB\nMemFree:          100 kB\nMemAvailable:    6000 kB\n" +
		"Buffers:  1 kB\nCached: 2 kB\nSwapTotal: 500 kB\nSwapFree: 200 kB\nShmem: 5 kB\n"
	got, err := procfile.ParseMeminfo([]byte(modern))
	if want := (procfile.Meminfo{Total: 8000 << 10, Available: 6000 << 10, SwapTotal: 500 << 10, SwapFree: 200 << 10}); err != nil || got != want {
		t.Errorf("modern: %+v, %v", got, err)
	}
	if got.Used() != 2000<<10 || got.SwapUsed() != 300<<10 {
		t.Errorf("used %d, swap %d", got.Used(), got.SwapUsed())
	}
	const old = "MemTotal: 8000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 1000 kB\nShmem: 400 kB\nSReclaimable: 30 kB\n"
	if got, err := procfile.ParseMeminfo([]byte(old)); err != nil || got.Available != 780<<10 {
		t.Errorf("old kernel: %+v, %v", got, err)
	}
	for _, text := range []string{"", "MemTotal:", "MemTotal: x kB", "MemTotal: 0 kB\n", "garbage\n\n:"} {
		if _, err := procfile.ParseMeminfo([]byte(text)); !errors.Is(err, procfile.ErrMalformed) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCPUStat(t *testing.T) {
	text := []byte("cpu  10 1 5 100 4 2 3 6 9 9\ncpu0 5 1 2 50 2 1 1 3 9 9\ncpu3 5 0 3 50 2 1 2 3\nintr 1 2 3\nctxt 5\nbtime 1930000000\nprocesses 9\ncpu9 1 1 1 1\n")
	var s procfile.CPUStat
	for range 2 { // the second time into used memory
		if err := s.Parse(text); err != nil {
			t.Fatal(err)
		}
		want := procfile.CPUStat{
			Total:    procfile.CPUTimes{Busy: 27, Idle: 104},
			Cores:    []procfile.Core{{ID: 0, Times: procfile.CPUTimes{Busy: 13, Idle: 52}}, {ID: 3, Times: procfile.CPUTimes{Busy: 14, Idle: 52}}},
			BootTime: 1930000000,
		}
		if !reflect.DeepEqual(s, want) {
			t.Errorf("got %+v\nwant %+v", s, want)
		}
	}
	if n := procfile.CountCores(text); n != 2 {
		t.Errorf("%d cores", n)
	}
	if err := s.Parse([]byte("intr 5\n")); !errors.Is(err, procfile.ErrMalformed) {
		t.Errorf("no cpu line: %v", err)
	}
	if n := procfile.CountCores(nil); n != 1 {
		t.Errorf("%d cores of nothing", n)
	}
}

func TestMountinfo(t *testing.T) {
	const text = `27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
28 27 0:45 /a\040-\040b /mnt/with\040space\134x rw - nfs4 server:/ex\011port rw
29 27 0:46 / /empty rw shared:2 master:1 -  tmpfs rw
30 27 0:47 / /no-source rw - tmpfs  rw
31 27 0:48 / relative rw - tmpfs x rw
garbage
32 27 0:49 / /last rw - fuse.sshfs me@host: rw`
	want := []procfile.Mount{
		{Device: "254:0", Root: "/", Point: "/", Type: "ext4", Source: "/dev/vda"},
		{Device: "0:45", Root: "/a - b", Point: `/mnt/with space\x`, Type: "nfs4", Source: "server:/ex\tport"},
		{Device: "0:47", Root: "/", Point: "/no-source", Type: "tmpfs"},
		{Device: "0:49", Root: "/", Point: "/last", Type: "fuse.sshfs", Source: "me@host:"},
	}
	if got := procfile.ParseMountinfo([]byte(text)); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestThisMachine compares our parsers with an independent reader of the same
// files.
func TestThisMachine(t *testing.T) {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := proc.GetMounts()
	if err != nil {
		t.Fatal(err)
	}
	ours := procfile.ParseMountinfo(text)
	if len(ours) != len(theirs) {
		t.Fatalf("%d mounts, want %d", len(ours), len(theirs))
	}
	for i, m := range theirs {
		got := ours[i]
		if got.Device != m.MajorMinorVer || got.Point != m.MountPoint || got.Type != m.FSType || got.Source != m.Source || got.Root != m.Root {
			t.Errorf("mount %d: %+v, want %+v", i, got, m)
		}
	}
	text, err = os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	stat, err := proc.Stat()
	if err != nil {
		t.Fatal(err)
	}
	var cpu procfile.CPUStat
	if err := cpu.Parse(text); err != nil || len(cpu.Cores) != len(stat.CPU) || cpu.BootTime != stat.BootTime {
		t.Errorf("%d cores, boot %d, %v; want %d, %d", len(cpu.Cores), cpu.BootTime, err, len(stat.CPU), stat.BootTime)
	}
	if n := procfile.CountCores(text); n != len(stat.CPU) {
		t.Errorf("%d cores, want %d", n, len(stat.CPU))
	}
}

func FuzzMeminfo(f *testing.F) {
	f.Add([]byte("MemTotal: 8000 kB\nMemFree: 100 kB\nMemAvailable: 9000 kB\nSwapTotal: 1 kB\nSwapFree: 2 kB\n"))
	f.Add([]byte("MemTotal: 1 kB\nCached: 18446744073709551615 kB\nShmem: 3 kB"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := procfile.ParseMeminfo(text)
		if err == nil && (m.Total == 0 || m.Used() > m.Total || m.SwapUsed() > m.SwapTotal) {
			t.Errorf("%+v", m)
		}
	})
}

func FuzzMountinfo(f *testing.F) {
	f.Add([]byte(`28 27 0:45 /a\040b /mnt/x rw shared:1 - nfs4 server:/p rw`))
	f.Add([]byte("- - - - - - - -\n\\04 - \\"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, m := range procfile.ParseMountinfo(text) {
			if m.Point == "" || m.Point[0] != '/' || m.Type == "" || m.Device == "" {
				t.Errorf("%+v", m)
			}
		}
	})
}

func FuzzCPUStat(f *testing.F) {
	f.Add([]byte("cpu  1 2 3 4\ncpu0 1 2 3 4 5 6 7 8 9 10\nbtime 5\n"))
	f.Add([]byte("cpu\ncpu99999999999999999999 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s procfile.CPUStat
		err := s.Parse(text)
		if err == nil && len(s.Cores) > bytes.Count(text, []byte("cpu")) {
			t.Errorf("%+v", s)
		}
		procfile.CountCores(text)
	})
}

func FuzzUint(f *testing.F) {
	f.Add([]byte("18446744073709551615"))
	f.Add([]byte("184467440737095516150 x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, n, ok := procfile.Uint(text)
		if ok && n == len(text) {
			if want, err := strconv.ParseUint(string(text), 10, 64); err != nil || v != want {
				t.Errorf("%q: %d, want %d, %v", text, v, want, err)
			}
		}
	})
}
