package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOTAKeyAndBundle(t *testing.T) {
	dir := t.TempDir()
	key, image, bundle := filepath.Join(dir, "key.pem"), filepath.Join(dir, "image"), filepath.Join(dir, "bundle")
	if err := os.WriteFile(image, []byte("a system"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := line{}.run(t, "ota", "keygen", key)
	r.want(t, ExitOK)
	if len(strings.TrimSpace(r.out)) != 44 {
		t.Errorf("public key %q", r.out)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	line{}.run(t, "ota", "keygen", key).want(t, ExitFailure, "file exists")

	make := func(more ...string) result {
		return line{}.run(t, append([]string{"ota", "bundle", "--key", key, "--image", image, "--compatible", "k", "--version", "1"}, more...)...)
	}
	make("-o", bundle).want(t, ExitOK)
	data, err := os.ReadFile(bundle)
	if err != nil || !strings.HasPrefix(string(data), "HGOTA1\r\n") || !strings.HasSuffix(string(data), "a system") {
		t.Errorf("bundle %q, %v", data, err)
	}
	if r := make("-o", "-"); r.code != ExitOK || r.out != string(data) {
		t.Errorf("on standard output: %d, %q", r.code, r.out)
	}
	make().want(t, ExitUsage, "required flag")
	make("-o", bundle, "--version", strings.Repeat("x", 1000)).want(t, ExitFailure, "too long")
	make("-o", bundle, "--image", dir+"/none").want(t, ExitUsage, "none")
	make("-o", bundle, "--key", image).want(t, ExitFailure, "private key")
	make("-o", bundle, "--server", "x").want(t, ExitUsage, "--server is for verbs that talk to a server")
	if kept, err := os.ReadFile(bundle); err != nil || string(kept) != string(data) {
		t.Errorf("a bundle that could not be made has replaced another: %v", err)
	}
	if left, _ := filepath.Glob(bundle + ".*"); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestOTASelectWithoutState(t *testing.T) {
	line{}.run(t, "ota", "select").want(t, ExitUsage, "--state is missing")
	r := line{}.run(t, "ota", "select", "--state", t.TempDir())
	r.want(t, ExitFailure, "no such file")
	if r.out != "" {
		t.Errorf("a slot is named: %q", r.out)
	}
}
