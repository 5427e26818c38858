package arch

import (
	"bufio"
	"go/ast"
	"go/token"
	"os"
	"strings"
	"testing"
)

// stateFile lists the variables at package level that are there for a reason.
const stateFile = "testdata/state.txt"

// shared gives the names of the variables at package level of a file, apart from
// those that no program can tell from a constant: errors to compare with, embedded
// files, compiled regular expressions, assertions on types; and pools, which hold
// nothing that anybody could miss.
func shared(f *file) []string {
	var names []string
	for _, decl := range f.syntax.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.VAR {
			continue
		}
		for _, spec := range gen.Specs {
			value := spec.(*ast.ValueSpec)
			if embeds(gen.Doc) || embeds(value.Doc) {
				continue
			}
			for i, name := range value.Names {
				if name.Name != "_" && !(i < len(value.Values) && f.constant(name.Name, value.Values[i])) {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

func embeds(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, c := range doc.List {
		if strings.HasPrefix(c.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// constant tells whether the value of a variable is of a kind that needs no
// reason.
func (f *file) constant(name string, value ast.Expr) bool {
	switch v := value.(type) {
	case *ast.CallExpr:
		if f.refers(v.Fun, "regexp", "MustCompile") {
			return true
		}
		return isError(name) && (f.refers(v.Fun, "errors", "New") || f.refers(v.Fun, "fmt", "Errorf"))
	case *ast.UnaryExpr: // an error of a type of its own
		_, literal := v.X.(*ast.CompositeLit)
		return isError(name) && v.Op == token.AND && literal
	case *ast.SelectorExpr: // another name for an error of another package
		return isError(name) && isError(v.Sel.Name)
	case *ast.CompositeLit:
		return f.refers(v.Type, "sync", "Pool")
	}
	return false
}

// isError tells whether a name is that of an error; a linter keeps other things
// from having one.
func isError(name string) bool {
	return strings.HasPrefix(name, "err") || strings.HasPrefix(name, "Err")
}

func TestNoState(t *testing.T) {
	reasons := readReasons(t)
	var found []string
	for _, f := range tree(t) {
		if f.test {
			continue
		}
		for _, name := range shared(f) {
			key := f.dir + "." + name
			if _, ok := reasons[key]; !ok {
				found = append(found, f.name+": "+name)
			}
			delete(reasons, key)
		}
	}
	report(t, "a variable at package level; pass it, make it a function or a constant, or give a reason in "+stateFile, found)
	for key := range reasons {
		t.Errorf("%s gives a reason for %s, which is not there", stateFile, key)
	}
}

// readReasons reads lines of "folder.name reason".
func readReasons(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open(stateFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	reasons := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, reason, _ := strings.Cut(line, " ")
		if len(strings.Fields(reason)) < 3 {
			t.Errorf("%s: %s has no reason", stateFile, key)
		}
		reasons[key] = reason
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return reasons
}

// inits gives the init functions of a file.
func inits(f *file) []string {
	var found []string
	for _, decl := range f.syntax.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			found = append(found, f.at(fn))
		}
	}
	return found
}

func TestNoInit(t *testing.T) {
	var found []string
	for _, f := range tree(t) {
		found = append(found, inits(f)...)
	}
	report(t, "an init function", found)
}

// process gives the uses of what net/http shares among a whole process.
func process(f *file) []string {
	var found []string
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && f.refers(e, "net/http",
			"DefaultServeMux", "DefaultClient", "Get", "Head", "Post", "PostForm", "Handle", "HandleFunc") {
			found = append(found, f.at(n))
		}
		return true
	})
	for _, what := range f.imports {
		if what == "net/http/pprof" || what == "expvar" {
			found = append(found, f.name+": imports "+what)
		}
	}
	return found
}

func TestNoSharedHTTP(t *testing.T) {
	var found []string
	for _, f := range tree(t) {
		if !f.test && !helper(f.dir) {
			found = append(found, process(f)...)
		}
	}
	report(t, "http.DefaultServeMux or http.DefaultClient, which the whole process shares", found)
}

// sleeps gives the calls of time.Sleep outside a synctest bubble. Inside one,
// sleep is how a test moves its virtual clock. A bubble is a call of synctest.Test;
// a helper is inside when it waits with synctest.Wait or says so: "virtual time".
func sleeps(f *file) []string {
	var found []string
	for _, decl := range f.syntax.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Doc != nil && strings.Contains(fn.Doc.Text(), "virtual time") {
			continue
		}
		bubble := false
		var calls []string
		ast.Inspect(fn, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				bubble = bubble || f.refers(e, "testing/synctest", "Test", "Wait")
				if f.refers(e, "time", "Sleep") {
					calls = append(calls, f.at(n))
				}
			}
			return true
		})
		if !bubble {
			found = append(found, calls...)
		}
	}
	return found
}

func TestNoSleep(t *testing.T) {
	var found []string
	for _, f := range tree(t) {
		if f.test || helper(f.dir) && !within(f.dir, "test/bench") { // benchmarks keep a pace
			found = append(found, sleeps(f)...)
		}
	}
	report(t, "time.Sleep in a test: wait for a condition, or use testing/synctest", found)
}

func TestStateRules(t *testing.T) {
	f := source(t, "x.go", `package x

import (
	"embed"
	"errors"
	web "net/http"
	_ "net/http/pprof"
	"regexp"
	"sync"
	"time"
)

var ErrGone = errors.New("gone")
var wrong = errors.New("not named as an error")
var pattern = regexp.MustCompile("x")
var pool = sync.Pool{}
var _ error = (*E)(nil)

//go:embed x
var files embed.FS

//go:embed y
var (
	one string
)

var errOwn = &E{1}
var own = &E{1}
var ErrSame = web.ErrServerClosed
var table = map[string]int{}
var a, b = 1, errors.New("x")

func init() {}

func (E) init() {}

func f() { web.Get("x"); web.NewRequest("GET", "", nil); time.Sleep(1) }
`)
	if got := strings.Join(shared(f), " "); got != "wrong own table a b" {
		t.Errorf("state: %s", got)
	}
	if got := strings.Join(inits(f), " "); got != "x.go:33" {
		t.Errorf("init: %s", got)
	}
	if got := strings.Join(process(f), " "); got != "x.go:37 x.go: imports net/http/pprof" {
		t.Errorf("http: %s", got)
	}
	if got := strings.Join(sleeps(f), " "); got != "x.go:37" {
		t.Errorf("sleep: %s", got)
	}
	bubble := source(t, "x_test.go", `package x

import ("testing/synctest"; "time")

func TestX(t *testing.T) { synctest.Test(t, func(t *testing.T) { time.Sleep(1) }) }

// later moves virtual time.
func later() { time.Sleep(1) }
`)
	if got := sleeps(bubble); len(got) > 0 {
		t.Errorf("sleep in a bubble: %v", got)
	}
}
