// Package faketree builds small fake /proc, /sys and /etc trees for tests.
//
// A tree is a Go literal, so that a test shows on one screen what its device
// looks like:
//
//	tree := faketree.Build(t, faketree.Tree{
//		Files: faketree.Files{
//			"sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
//			"sys/class/thermal/thermal_zone0/temp": "51234\n",
//		},
//		Links: faketree.Links{"proc/self": "1"},
//	})
//	reader := telemetry.New(telemetry.Options{Root: tree.Root})
//
// All paths are relative to the root of the tree and use slashes.
package faketree

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Files maps the path of a regular file to its content.
type Files map[string]string

// Links maps the path of a symbolic link to its target. As in sysfs, a target
// is normally relative to the folder of the link. It need not exist.
type Links map[string]string

// Tree describes what to build. Folders above a file or link are made as
// needed; Dirs names folders that are to exist although they are empty.
type Tree struct {
	Files Files
	Links Links
	Dirs  []string
}

// Plus returns a tree with the entries of both; those of other win. Neither
// tree is changed.
func (t Tree) Plus(other Tree) Tree {
	sum := Tree{Files: Files{}, Links: Links{}, Dirs: slices.Concat(t.Dirs, other.Dirs)}
	maps.Copy(sum.Files, t.Files)
	maps.Copy(sum.Files, other.Files)
	maps.Copy(sum.Links, t.Links)
	maps.Copy(sum.Links, other.Links)
	return sum
}

// FS is a tree that was built on disk. It is removed when the test ends.
type FS struct {
	// Root is the absolute path of the tree.
	Root string
	tb   testing.TB
}

// Build makes the tree in a temporary folder of the test. It fails the test if
// it cannot.
func Build(tb testing.TB, tree Tree) *FS {
	tb.Helper()
	f := &FS{Root: tb.TempDir(), tb: tb}
	for _, dir := range tree.Dirs {
		f.must(os.MkdirAll(f.path(dir), 0o755))
	}
	// Links come first: a file may be written through a link to a folder.
	for _, name := range slices.Sorted(maps.Keys(tree.Links)) {
		f.Link(name, tree.Links[name])
	}
	for _, name := range slices.Sorted(maps.Keys(tree.Files)) {
		f.Write(name, tree.Files[name])
	}
	return f
}

// Write makes a file or replaces its content in place: as with a sysfs
// attribute, whoever holds the file open sees the new content.
func (f *FS) Write(name, content string) {
	f.tb.Helper()
	path := f.path(name)
	f.must(os.MkdirAll(filepath.Dir(path), 0o755))
	f.must(os.WriteFile(path, []byte(content), 0o644))
}

// Link makes a symbolic link.
func (f *FS) Link(name, target string) {
	f.tb.Helper()
	path := f.path(name)
	f.must(os.MkdirAll(filepath.Dir(path), 0o755))
	f.must(os.Symlink(filepath.FromSlash(target), path))
}

// Remove takes away a file, a link, or a folder with all that is in it.
func (f *FS) Remove(name string) {
	f.tb.Helper()
	f.must(os.RemoveAll(f.path(name)))
}

// path turns a name of the tree into an absolute path. Names that leave the
// tree fail the test.
func (f *FS) path(name string) string {
	f.tb.Helper()
	if local := filepath.FromSlash(name); filepath.IsLocal(local) {
		return filepath.Join(f.Root, local)
	}
	f.must(fmt.Errorf("path %q is not inside the tree", name))
	return ""
}

func (f *FS) must(err error) {
	f.tb.Helper()
	if err != nil {
		f.tb.Fatalf("fake tree: %v", err)
	}
}
