package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// modulePath is what all our import paths begin with.
const modulePath = "github.com/heliograph/heliograph"

// rootDir is the module's root, seen from here.
const rootDir = "../.."

// file is one Go file of the module, whatever system it is built for.
type file struct {
	name    string // relative to the root, with slashes
	dir     string // the package's folder, likewise; "." is the root
	test    bool
	made    bool // it is generated
	lines   int
	syntax  *ast.File
	set     *token.FileSet
	imports map[string]string // import path by the name it is used under
}

// at gives the place of a node as a compiler would.
func (f *file) at(n ast.Node) string {
	return f.name + ":" + strconv.Itoa(f.set.Position(n.Pos()).Line)
}

// span counts the lines of a node.
func (f *file) span(n ast.Node) int {
	return f.set.Position(n.End()).Line - f.set.Position(n.Pos()).Line + 1
}

// parsed is the module, read once for all tests.
var parsed []*file

// tree parses all Go files of the module. The tools are a module of their own.
func tree(t *testing.T) []*file {
	t.Helper()
	if parsed == nil {
		parsed = walk(t)
	}
	return parsed
}

func walk(t *testing.T) []*file {
	t.Helper()
	var files []*file
	err := filepath.WalkDir(rootDir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(d.Name()) && name != rootDir:
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		relative, err := filepath.Rel(rootDir, name)
		if err != nil {
			return err
		}
		files = append(files, parse(t, filepath.ToSlash(relative), name, nil))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("only %d files found below %s", len(files), rootDir)
	}
	return files
}

func skipped(dir string) bool {
	return dir == "testdata" || dir == "node_modules" || dir == "tools" || strings.HasPrefix(dir, ".")
}

// parse reads a file, or text that stands for one.
func parse(t *testing.T, name, onDisk string, text any) *file {
	t.Helper()
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, onDisk, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	f := &file{
		name: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), made: ast.IsGenerated(syntax),
		lines: set.File(syntax.Pos()).LineCount(), syntax: syntax, set: set, imports: map[string]string{},
	}
	for _, spec := range syntax.Imports {
		what, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		as := path.Base(what)
		if spec.Name != nil {
			as = spec.Name.Name
		}
		if as == "_" || as == "." {
			as += what
		}
		f.imports[as] = what
	}
	return f
}

// source makes a file of the text of one.
func source(t *testing.T, name, text string) *file {
	t.Helper()
	return parse(t, name, name, text)
}

// refers tells whether an expression is member x of the package that is imported
// from this path.
func (f *file) refers(e ast.Expr, from string, x ...string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	if !ok || f.imports[id.Name] != from {
		return false
	}
	for _, name := range x {
		if sel.Sel.Name == name {
			return true
		}
	}
	return false
}

// report fails a test with everything that was found.
func report(t *testing.T, rule string, found []string) {
	t.Helper()
	for _, f := range found {
		t.Errorf("%s: %s", f, rule)
	}
}
