package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// root makes a module's root with the real wire types.
func root(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, protocol := range []string{"helios", "devflow"} {
		if err := os.CopyFS(filepath.Join(dir, "client", protocol), os.DirFS("../../../../client/"+protocol)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "api"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestRunWritesAndChecks(t *testing.T) {
	dir := root(t)
	if err := run(dir, true); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("check without a document: %v", err)
	}
	if err := run(dir, false); err != nil {
		t.Fatal(err)
	}
	if err := run(dir, true); err != nil {
		t.Errorf("check of what was just written: %v", err)
	}
	for _, d := range documents() {
		name := filepath.Join(dir, "api", d.name)
		made, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, append(made, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(dir, true); !errors.Is(err, errStale) {
			t.Errorf("check of a changed %s: %v", d.name, err)
		}
		if after, err := os.ReadFile(name); err != nil || len(after) != len(made)+1 {
			t.Errorf("the check has written %s (%v)", d.name, err)
		}
		if err := os.WriteFile(name, made, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRunWithoutSources(t *testing.T) {
	if err := run(t.TempDir(), false); err == nil {
		t.Error("a document was made without the wire types")
	}
}
