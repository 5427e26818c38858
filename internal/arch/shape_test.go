package arch

import (
	"go/ast"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// What is too long. Above the target a function is only told about.
const (
	maxFile    = 600
	maxFunc    = 100
	targetFunc = 40
)

// sizesEnv is set by "make sizes".
const sizesEnv = "HELIOGRAPH_SIZES"

// lengths gives the functions of a file that are longer than a limit.
func lengths(f *file, limit int) []string {
	var found []string
	for _, decl := range f.syntax.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && f.span(fn) > limit {
			found = append(found, f.at(fn)+": "+fn.Name.Name+" has "+strconv.Itoa(f.span(fn))+" lines")
		}
	}
	return found
}

// TestLengths also tells which functions are above the target, if sizesEnv is set.
func TestLengths(t *testing.T) {
	var files, functions []string
	for _, f := range tree(t) {
		if f.made {
			continue
		}
		if f.lines > maxFile {
			files = append(files, f.name+": it has "+strconv.Itoa(f.lines)+" lines")
		}
		functions = append(functions, lengths(f, maxFunc)...)
		if os.Getenv(sizesEnv) != "" {
			for _, long := range lengths(f, targetFunc) {
				t.Logf("%s, the target is %d", long, targetFunc)
			}
		}
	}
	report(t, "a file of more than "+strconv.Itoa(maxFile)+" lines", files)
	report(t, "a function of more than "+strconv.Itoa(maxFunc)+" lines", functions)
}

func TestPackageComments(t *testing.T) {
	commented, first := map[string]bool{}, map[string]string{}
	for _, f := range tree(t) {
		if f.test {
			continue
		}
		first[f.dir] = f.name
		commented[f.dir] = commented[f.dir] || described(f)
	}
	for dir, name := range first {
		if !commented[dir] {
			t.Errorf("%s: no file of the package has a package comment", name)
		}
	}
}

// described tells whether a file has a package comment in the usual form.
func described(f *file) bool {
	form := "Package " + f.syntax.Name.Name + " "
	if f.syntax.Name.Name == "main" {
		form = "Command "
	}
	return f.syntax.Doc != nil && strings.HasPrefix(f.syntax.Doc.Text(), form)
}

// undocumented gives the exported identifiers of a file that have no comment. In
// a block of constants or variables, one comment on the block will do; fields of
// structs and methods of interfaces may be left to the comment of their type.
func undocumented(f *file) []string {
	var found []string
	add := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		for _, doc := range docs {
			if doc.Text() != "" {
				return
			}
		}
		if name.IsExported() {
			found = append(found, f.at(name)+": "+name.Name)
		}
	}
	for _, decl := range f.syntax.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type)) {
				add(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					add(s.Name, s.Doc, alone(d))
				case *ast.ValueSpec:
					for _, name := range s.Names {
						add(name, s.Doc, s.Comment, d.Doc)
					}
				}
			}
		}
	}
	return found
}

// alone gives the comment of a declaration of one type without parentheses.
func alone(d *ast.GenDecl) *ast.CommentGroup {
	if d.Lparen == token.NoPos {
		return d.Doc
	}
	return nil
}

// receiver gives the name of a method's type.
func receiver(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.IndexListExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}

func TestPublicPackagesAreDocumented(t *testing.T) {
	var found []string
	for _, f := range tree(t) {
		if isPublic(f.dir) && !f.test {
			found = append(found, undocumented(f)...)
		}
	}
	report(t, "an exported identifier of a public package without a comment", found)
}

func TestShapeRules(t *testing.T) {
	f := source(t, "client/x.go", `// Packages are nice.
package x

// A is fine.
type A struct{ Field int }

type B[T any] struct{}

func (*B[T]) Method() {}

func (a) Method() {}

type a struct{}

// Some.
const (
	C = 1
)

const D = 2

func E() {
	_ = 1
}
`)
	got := strings.Join(undocumented(f), ", ")
	if got != "client/x.go:7: B, client/x.go:9: Method, client/x.go:20: D, client/x.go:22: E" {
		t.Errorf("undocumented: %s", got)
	}
	if described(f) || !described(source(t, "x.go", "// Package x is one.\npackage x\n")) ||
		!described(source(t, "cmd/x.go", "// Command x is one.\npackage main\n")) || described(source(t, "y.go", "package y\n")) {
		t.Error("package comments are not told apart")
	}
	if got := strings.Join(lengths(f, 2), ", "); got != "client/x.go:22: E has 3 lines" {
		t.Errorf("lengths: %s", got)
	}
}
