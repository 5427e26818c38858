package ota

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/sys/unix"
)

func TestUpload(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir()})
	body := append([]byte("image"), bytes.Repeat([]byte("0123456789abcdef"), 40_000)...)
	sum := sha256.Sum256(body)
	want := hex.EncodeToString(sum[:])
	up, err := u.Upload(t.Context(), bytes.NewReader(body), UploadRequest{
		Filename: "../image 1.img", SizeBytes: int64(len(body)), SHA256: "SHA256:" + strings.ToUpper(want),
	})
	if err != nil {
		t.Fatal(err)
	}
	if up != (Uploaded{
		Filename: "image-1.img", SizeBytes: int64(len(body)), SHA256: want, Version: "1.2", BuildID: "34",
		URL: "file://" + u.dirs.uploads + "/image-1.img",
	}) {
		t.Errorf("%+v", up)
	}
	for _, name := range []string{"image-1-2.img", "image-1-3.img"} {
		up, err := u.Upload(t.Context(), iotest.OneByteReader(strings.NewReader("other")), UploadRequest{Filename: `C:\tmp\image 1.img`, SizeBytes: -1})
		if err != nil || up.Filename != name || up.Version != "" {
			t.Errorf("%+v, %v", up, err)
		}
	}
	got, err := os.ReadFile(filepath.Join(u.dirs.uploads, "image-1.img"))
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("stored %d bytes, %v", len(got), err)
	}
	if list := u.Uploads(); len(list) != 3 || list[2].Filename != "image-1.img" || list[2].SizeBytes != int64(len(body)) {
		t.Errorf("uploads %+v", list)
	}
}

func TestUploadRefused(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir(), MaxImageBytes: 100, QuotaBytes: 150, MaxUploads: 3})
	broken := errors.New("client went away")
	refused := func(n int, req UploadRequest, want error) {
		t.Helper()
		var r io.Reader = strings.NewReader(strings.Repeat("x", n))
		if errors.Is(want, broken) {
			r = io.MultiReader(r, iotest.ErrReader(broken))
		}
		before := files(t, u.dirs.uploads)
		if up, err := u.Upload(t.Context(), r, req); !errors.Is(err, want) {
			t.Errorf("%d bytes, %+v: %+v, %v; want %v", n, req, up, err, want)
		}
		check(t, "uploads", files(t, u.dirs.uploads), before)
	}
	store := func(n int) {
		t.Helper()
		if _, err := u.Upload(t.Context(), strings.NewReader(strings.Repeat("x", n)), UploadRequest{SizeBytes: int64(n)}); err != nil {
			t.Fatal(err)
		}
	}
	refused(50, UploadRequest{SizeBytes: 49}, ErrSize)
	refused(50, UploadRequest{SizeBytes: 51}, ErrSize)
	refused(0, UploadRequest{SizeBytes: -1}, ErrSize)
	refused(50, UploadRequest{SizeBytes: 101}, ErrTooLarge)
	refused(101, UploadRequest{SizeBytes: -1}, ErrTooLarge)
	refused(50, UploadRequest{SizeBytes: -1, SHA256: strings.Repeat("0", 64)}, ErrChecksum)
	refused(50, UploadRequest{SizeBytes: -1, SHA256: "nonsense"}, ErrChecksum)
	refused(50, UploadRequest{SizeBytes: -1}, broken)
	store(100)
	refused(51, UploadRequest{SizeBytes: -1}, ErrNoSpace)
	refused(51, UploadRequest{SizeBytes: 51}, ErrNoSpace)
	store(10)
	store(10)
	refused(10, UploadRequest{SizeBytes: -1}, ErrTooMany)
}

// TestUploadsAtOnce has two uploads share the quota while they flow.
func TestUploadsAtOnce(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir(), QuotaBytes: 150})
	r, w := io.Pipe()
	first := make(chan error)
	go func() {
		_, err := u.Upload(t.Context(), r, UploadRequest{SizeBytes: -1})
		first <- err
	}()
	for range 2 { // the second write is taken when the first one is accounted for
		if _, err := w.Write(make([]byte, 50)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := u.Upload(t.Context(), bytes.NewReader(make([]byte, 101)), UploadRequest{SizeBytes: -1}); !errors.Is(err, ErrNoSpace) {
		t.Errorf("the second: %v", err)
	}
	w.Close()
	if err := <-first; err != nil {
		t.Errorf("the first: %v", err)
	}
	if _, err := u.Upload(t.Context(), bytes.NewReader(make([]byte, 50)), UploadRequest{SizeBytes: 50}); err != nil {
		t.Errorf("the third: %v", err)
	}
}

func TestOldUploadsGo(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir(), KeepUploads: time.Hour})
	u.uploaded()
	u.uploaded()
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(filepath.Join(u.dirs.uploads, "it.img"), old, old); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(u.dirs.uploads, partName()), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	u = u.reopen(Options{Engine: &script{}, KeepUploads: time.Hour})
	check(t, "uploads", files(t, u.dirs.uploads), "it-2.img")
}

// TestFullDisk uploads to, stages on and stores state on a file system of 1 MiB.
func TestFullDisk(t *testing.T) {
	dir := tinyDisk(t, "1m")
	u := open(t, Options{Engine: &script{}, Dir: dir})
	big := bytes.NewReader(make([]byte, 2<<20))
	if _, err := u.Upload(t.Context(), big, UploadRequest{SizeBytes: -1}); !errors.Is(err, ErrNoSpace) || !errors.Is(err, unix.ENOSPC) {
		t.Errorf("upload: %v", err)
	}
	check(t, "uploads", files(t, u.dirs.uploads), "")
	req := u.uploaded()
	fill(t, dir)
	if _, err := u.Stage(t.Context(), req); !errors.Is(err, ErrNoSpace) || u.Snapshot().State != nil {
		t.Errorf("stage: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
		t.Fatal(err)
	}
	id, err := u.Stage(t.Context(), req)
	if err == nil {
		err = u.AwaitStaged(t.Context(), id)
	}
	if err != nil {
		t.Fatal(err)
	}
	fill(t, dir)
	if err := u.Apply(t.Context(), id, ""); !errors.Is(err, ErrNoSpace) {
		t.Errorf("apply: %v", err)
	}
	if s := u.Snapshot().State; s.Stage != AwaitingWindow || !s.ApplyAt.IsZero() {
		t.Errorf("state %+v", s)
	}
}

// tinyDisk mounts a file system of a size.
func tinyDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	mountTiny(t, dir, size)
	return dir
}

func mountTiny(t *testing.T, dir, size string) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("mounting a file system needs root: %v", err)
		}
		t.Skipf("mounting a file system needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// fill takes all room of a disk.
func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
}

// TestCopied stages across file systems, where there is no second name.
func TestCopied(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir()})
	mountTiny(t, u.dirs.cache, "1m")
	id := u.staged()
	if told := u.told(); !strings.Contains(told, "progress 100 copying") {
		t.Errorf("told %s", told)
	}
	got, err := os.ReadFile(u.dirs.cached(id))
	if err != nil || string(got) != "image of the device" {
		t.Errorf("copied %q, %v", got, err)
	}
	if err := u.Cancel(t.Context(), id, ""); err != nil {
		t.Fatal(err)
	}
	up, err := u.Upload(t.Context(), bytes.NewReader(make([]byte, 2<<20)), UploadRequest{SizeBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	r, err := u.PreflightImage(t.Context(), ImageRequest{URL: up.URL})
	if err != nil || r.Verdict != VerdictWorkDirFull {
		t.Errorf("preflight: %+v, %v", r, err)
	}
	if _, err := u.ApplyImage(t.Context(), ImageRequest{URL: up.URL}); !errors.Is(err, ErrNoSpace) {
		t.Errorf("apply: %v", err)
	}
	check(t, "cache", files(t, u.dirs.cache), "")
}

func TestURLs(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir()})
	dir := u.dirs.uploads
	for _, good := range []string{"file://" + dir + "/a.img", "file://localhost" + dir + "/a.img", "file://" + dir + "/a%20b"} {
		if _, err := u.uploads.name(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "a.img", dir + "/a.img", "http://" + dir + "/a.img", "file:" + strings.TrimPrefix(dir, "/") + "/a.img",
		"file://host" + dir + "/a.img", "file://user@localhost" + dir + "/a.img",
		"file:///etc/passwd", "file://" + dir, "file://" + dir + "/", "file://" + dir + "/../state",
		"file://" + dir + "/%2e%2e/state", "file://" + dir + "/..%2fstate", "file://" + dir + "/x/../a.img", "file://" + dir + "//a.img",
		"file://" + dir + "/.part-1", "file://" + dir + "/a%00.img", "file://" + dir + "/a?b", "file://" + dir + "/a?", "file://" + dir + "/a#b",
		"file://" + dir + "x/a.img", "file://" + dir + "/sub/a.img", "\x00",
	} {
		if name, err := u.uploads.name(bad); !errors.Is(err, ErrBadURL) {
			t.Errorf("%q names %q, %v", bad, name, err)
		}
	}
}

// TestNotAFile has things in the uploads folder that are not files.
func TestNotAFile(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir()})
	at := func(name string) string { return filepath.Join(u.dirs.uploads, name) }
	err := errors.Join(os.Symlink("/etc/passwd", at("link")), os.Mkdir(at("folder"), 0o700), unix.Mkfifo(at("fifo"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "folder", "fifo"} {
		if _, err := u.Stage(t.Context(), ImageRequest{URL: u.uploads.url(name)}); !errors.Is(err, ErrBadURL) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCleanName(t *testing.T) {
	for given, want := range map[string]string{
		"": "image.bin", "...": "image.bin", "/": "image.bin", "a/b/c.img": "c.img", `c:\x\y.raucb`: "y.raucb",
		"../../etc/passwd": "passwd", ".hidden": "hidden", "-rf": "rf", "a b\x00\n.img": "a-b.img", "ä": "image.bin",
	} {
		if got := cleanName(given); got != want {
			t.Errorf("%q becomes %q, not %q", given, got, want)
		}
	}
}

func FuzzURL(f *testing.F) {
	dir := f.TempDir()
	up, err := openUploads(dir, Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(up.close)
	f.Add("file://" + dir + "/a.img")
	f.Add("file://" + dir + "/%2e%2e%2fa")
	f.Fuzz(func(t *testing.T, raw string) {
		name, err := up.name(raw)
		if err == nil && filepath.Join(dir, name) != dir+"/"+name {
			t.Errorf("%q names %q", raw, name)
		}
		name = cleanName(raw)
		if again, err := up.name(up.url(name)); err != nil || again != name || len(name) > maxFilename {
			t.Errorf("the name %q made of %q is read as %q, %v", name, raw, again, err)
		}
	})
}
