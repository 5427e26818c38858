package webui

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"
	"testing"
)

// The vendored files are the ones that SHA256SUMS lists, no more and no less,
// and each library has its licence.
func TestVendoredFiles(t *testing.T) {
	const root = "static/vendor"
	sums, err := embedded.ReadFile(root + "/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for s := bufio.NewScanner(bytes.NewReader(sums)); s.Scan(); {
		sum, name, ok := strings.Cut(s.Text(), "  ")
		if !ok {
			t.Fatalf("cannot read line %q", s.Text())
		}
		want[name] = sum
	}
	licensed := map[string]bool{}
	err = fs.WalkDir(embedded, root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Dir(p) == root {
			return err
		}
		name := strings.TrimPrefix(p, root+"/")
		body, err := embedded.ReadFile(p)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		if got := hex.EncodeToString(sum[:]); got != want[name] {
			t.Errorf("%s has the hash %s, want %q", name, got, want[name])
		}
		delete(want, name)
		library, file, _ := strings.Cut(name, "/")
		licensed[library] = licensed[library] || file == "LICENSE"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		t.Errorf("%s is listed but missing", name)
	}
	for library, ok := range licensed {
		if !ok {
			t.Errorf("%s has no licence", library)
		}
	}
}
