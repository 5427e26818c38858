package arch

import (
	"strings"
	"testing"
)

// layers is the table of who may import whom. Folders are relative to the root
// and stand for themselves and all that is below them. Each rule holds for the
// code that is shipped, not for tests, which may use what they like.
func layers() []layer {
	const ours = "." // all of our packages
	return []layer{
		{
			who: "internal/source",
			not: []string{
				"api", "client", "internal/access", "internal/app", "internal/asyncapi", "internal/cli", "internal/config",
				"internal/devflow", "internal/helios", "internal/server", "internal/webui", "internal/wsconn",
			},
			why: "a source knows no protocol, no wire types and nothing of the daemon",
		},
		{
			who: "internal/recorder",
			not: []string{
				"api", "client", "internal/access", "internal/app", "internal/asyncapi", "internal/cli", "internal/config", "internal/devflow",
				"internal/helios", "internal/server", "internal/source", "internal/webui", "internal/wsconn",
			},
			why: "the model of an application knows no protocol, no wire types and nobody who feeds it",
		},
		{who: "internal/helios", not: []string{"internal/devflow", "client/devflow"}, why: "protocols do not know each other"},
		{who: "internal/devflow", not: []string{"internal/helios", "client/helios"}, why: "protocols do not know each other"},
		{who: "internal/topic", not: []string{ours}, why: "it is below everything of ours"},
		{who: "internal/wsconn", not: []string{ours}, why: "it is below everything of ours"},
		{who: "client/helios", not: []string{ours}, why: "wire types import the standard library only"},
		{who: "client/devflow", not: []string{ours}, why: "wire types import the standard library only"},
		{who: "client", not: []string{"api", "internal", "cmd"}, why: "it is used by programs that are not the daemon"},
		{who: "internal/server", not: []string{"internal/source", "internal/helios", "internal/devflow"}, why: "it serves any protocol"},
		{who: "internal/cli", not: []string{"internal/source", "internal/helios", "internal/devflow"}, why: "internal/app puts the daemon together"},
	}
}

// layer is one rule.
type layer struct {
	who string
	not []string
	why string
}

// within tells whether a folder is the one given or below it.
func within(dir, of string) bool {
	return of == "." || dir == of || strings.HasPrefix(dir, of+"/")
}

// folder gives the folder of one of our packages.
func folder(importPath string) (string, bool) {
	if importPath == modulePath {
		return ".", true
	}
	return strings.CutPrefix(importPath, modulePath+"/")
}

// subject is the source, or other thing, that a folder below internal/source is
// part of.
func subject(dir string) string {
	below, ok := strings.CutPrefix(dir, "internal/source/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(below, "/")
	return name
}

// helper tells whether a folder holds what only tests use.
func helper(dir string) bool {
	return within(dir, "internal/testkit") || within(dir, "internal/cli/fakehelios") || within(dir, "test")
}

// crossings gives the imports of a file that the table forbids.
func crossings(f *file, rules []layer) []string {
	var found []string
	add := func(to, why string) { found = append(found, f.name+": imports "+to+": "+why) }
	if f.test {
		return nil
	}
	for _, importPath := range f.imports {
		to, our := folder(importPath)
		if !our {
			continue
		}
		if from := subject(f.dir); from != "" && subject(to) != "" && subject(to) != from {
			add(to, "a source knows no other source")
		}
		if helper(to) && !helper(f.dir) {
			add(to, "only tests use it")
		}
		for _, rule := range rules {
			if within(f.dir, rule.who) && !within(to, f.dir) && forbids(rule, to) {
				add(to, rule.why)
			}
		}
	}
	return found
}

func forbids(rule layer, to string) bool {
	for _, not := range rule.not {
		if within(to, not) {
			return true
		}
	}
	return false
}

func TestImports(t *testing.T) {
	var found []string
	for _, f := range tree(t) {
		found = append(found, crossings(f, layers())...)
	}
	report(t, "who may import whom", found)
}

// TestLayersExist keeps the table from naming folders that were renamed.
func TestLayersExist(t *testing.T) {
	there := map[string]bool{}
	for _, f := range tree(t) {
		there[f.dir] = true
	}
	for _, rule := range layers() {
		for _, dir := range append([]string{rule.who}, rule.not...) {
			exists := dir == "."
			for d := range there {
				exists = exists || within(d, dir)
			}
			if !exists {
				t.Errorf("there is no %s", dir)
			}
		}
	}
}

func TestCrossings(t *testing.T) {
	for _, test := range []struct {
		file, imports string
		forbidden     bool
	}{
		{"internal/source/usb/usb.go", "internal/topic", false},
		{"internal/source/usb/usb.go", "internal/source/usb/ids", false},
		{"internal/source/usb/ids/ids.go", "internal/source/usb", false},
		{"internal/source/usb/usb.go", "internal/source/uevent", true},
		{"internal/source/usb/usb.go", "client/helios", true},
		{"internal/source/usb/usb.go", "internal/helios", true},
		{"internal/source/usb/usb.go", "internal/wsconn", true},
		{"internal/source/usb/usb_test.go", "internal/testkit/faketree", false},
		{"internal/source/usb/usb.go", "internal/testkit/faketree", true},
		{"internal/helios/x.go", "internal/source/usb", false},
		{"internal/helios/x.go", "internal/devflow", true},
		{"internal/devflow/x.go", "client/helios", true},
		{"internal/devflow/x.go", "internal/helios/sub", true},
		{"internal/devflow/x.go", "internal/recorder", false},
		{"internal/source/usb/usb.go", "internal/recorder", false},
		{"internal/recorder/x.go", "internal/topic", false},
		{"internal/recorder/x.go", "client/devflow", true},
		{"internal/recorder/x.go", "internal/devflow", true},
		{"internal/recorder/x.go", "internal/source/usb", true},
		{"internal/topic/x.go", "internal/logline", true},
		{"internal/wsconn/x.go", "internal/topic", true},
		{"client/helios/x.go", "internal/topic", true},
		{"client/x.go", "client/helios", false},
		{"client/x.go", "internal/topic", true},
		{"internal/cli/x.go", "internal/source/usb", true},
		{"internal/app/x.go", "internal/source/usb", false},
	} {
		f := source(t, test.file, "package x\n\nimport _ \""+modulePath+"/"+test.imports+"\"\n")
		if got := crossings(f, layers()); (len(got) > 0) != test.forbidden {
			t.Errorf("%s imports %s: %v", test.file, test.imports, got)
		}
	}
}
