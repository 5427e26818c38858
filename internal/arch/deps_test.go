package arch

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// public tells what each package that other people's programs import may pull
// into them: modules other than ours and the standard library. The limit of five
// for the embedded agent is the project's promise to those who embed it.
func public() map[string][]string {
	return map[string][]string{
		modulePath:                     {"github.com/gobwas/ws", "github.com/gobwas/httphead", "golang.org/x/sys"},
		modulePath + "/client":         {"github.com/coder/websocket"},
		modulePath + "/client/helios":  {},
		modulePath + "/client/devflow": {},
	}
}

// goTool runs the go command in the module's root.
func goTool(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = rootDir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// pulls gives the modules that a package brings along, and our own packages.
func pulls(t *testing.T, importPath string) (modules, own []string) {
	t.Helper()
	out := goTool(t, "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}} {{.Module.Path}}{{end}}", importPath)
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		dep, module, ok := strings.Cut(line, " ")
		switch {
		case !ok:
		case module == modulePath:
			own = append(own, dep)
		case !slices.Contains(modules, module):
			modules = append(modules, module)
		}
	}
	return modules, own
}

func TestPublicPackagesPullIn(t *testing.T) {
	for importPath, allowed := range public() {
		modules, own := pulls(t, importPath)
		if !slices.Contains(own, importPath) {
			t.Errorf("%s is not among its own dependencies: %v", importPath, own)
		}
		for _, m := range modules {
			if !slices.Contains(allowed, m) {
				t.Errorf("%s pulls in %s", importPath, m)
			}
		}
		for _, dep := range own {
			if !mayPullIn(importPath, dep) {
				t.Errorf("%s pulls in %s", importPath, dep)
			}
		}
		if len(modules) > 5 {
			t.Errorf("%s pulls in %d modules, at most 5 are promised", importPath, len(modules))
		}
	}
}

// mayPullIn tells which of our own packages a public one may bring along: clients
// only clients, the embedded agent what it is made of.
func mayPullIn(importPath, dep string) bool {
	dir, _ := folder(dep)
	if importPath != modulePath {
		return within(dir, "client")
	}
	for _, part := range []string{
		"api", "client/devflow", "internal/access", "internal/broker", "internal/devflow", "internal/har", "internal/recorder", "internal/redact",
		"internal/server/origin", "internal/server/peer", "internal/source/applog", "internal/source/deviceinfo",
		"internal/source/goruntime", "internal/source/httpcapture", "internal/topic", "internal/wsconn",
	} {
		if within(dir, part) {
			return true
		}
	}
	return dir == "."
}

// TestPublicPackagesAreListed makes whoever adds a public package say what it may
// pull in.
func TestPublicPackagesAreListed(t *testing.T) {
	listed := public()
	for _, f := range tree(t) {
		if f.test || !isPublic(f.dir) {
			continue
		}
		importPath := strings.TrimSuffix(modulePath+"/"+f.dir, "/.")
		if _, ok := listed[importPath]; !ok {
			t.Errorf("%s: the list of what public packages may pull in lacks %s", f.name, importPath)
		}
	}
}

// isPublic tells whether other people's programs import the package. api is for
// the daemon, but its documents have to be where people look for them.
func isPublic(dir string) bool {
	return dir == "." || within(dir, "client")
}

// TestDependenciesHaveReasons compares the direct dependencies of go.mod with
// the table in docs/dependencies.md: module, licence, reason.
func TestDependenciesHaveReasons(t *testing.T) {
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(goTool(t, "mod", "edit", "-json"), &mod); err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(rootDir + "/docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	section, _, _ := strings.Cut(string(document), "\n## Indirect")
	row := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\|$")
	listed := map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(section, -1) {
		if listed[m[1]] {
			t.Errorf("%s is listed twice", m[1])
		}
		listed[m[1]] = true
		if len(strings.TrimSpace(m[2])) < 3 || len(strings.Fields(m[3])) < 3 {
			t.Errorf("%s: licence %q, reason %q", m[1], m[2], m[3])
		}
	}
	for _, r := range mod.Require {
		if !r.Indirect && !listed[r.Path] {
			t.Errorf("docs/dependencies.md gives no reason for %s", r.Path)
		}
		if !r.Indirect {
			delete(listed, r.Path)
		}
	}
	for m := range listed {
		t.Errorf("docs/dependencies.md lists %s, which is no direct dependency", m)
	}
}
