package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module makes a Go module with one package of tests for each entry.
func module(t *testing.T, tests map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module example.test\n\ngo 1.26\n")
	for name, body := range tests {
		write(t, filepath.Join(dir, name, name+"_test.go"), "package "+name+"\n\nimport \"testing\"\n\n"+body)
	}
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// testsum runs the command on the module in dir and returns what it printed.
func testsum(t *testing.T, o options, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	o.out = &out
	err := run(o, args)
	return out.String(), err
}

func goSuite(dir string) []string {
	return []string{"go", "unit", "go", "-C", dir, "test", "-json", "./..."}
}

func TestGo(t *testing.T) {
	const pass = "func TestPass(t *testing.T) { t.Run(\"sub\", func(t *testing.T) {}) }\n"
	for name, test := range map[string]struct {
		tests  map[string]string
		allow  string
		strict bool
		counts counts
		told   string
		bad    bool
	}{
		"pass": {
			tests: map[string]string{"a": pass, "b": pass}, counts: counts{Passed: 4},
		},
		"fail": {
			tests:  map[string]string{"a": pass + "func TestBad(t *testing.T) { t.Error(\"it is wrong\") }\n"},
			counts: counts{Passed: 2, Failed: 1}, told: "it is wrong", bad: true,
		},
		"build failure": {
			tests:  map[string]string{"a": pass, "b": "func TestB(t *testing.T) { nothing() }\n"},
			counts: counts{Passed: 2, Failed: 1}, told: "undefined: nothing", bad: true,
		},
		"crash": {
			tests:  map[string]string{"a": "func TestA(t *testing.T) { go func() { panic(\"away\") }(); select {} }\n"},
			counts: counts{Failed: 1}, told: "panic: away", bad: true,
		},
		"ends early": {
			tests:  map[string]string{"a": "func TestMain(m *testing.M) { panic(\"before\") }\n" + pass},
			counts: counts{Failed: 1}, told: "panic: before", bad: true,
		},
		"no test": {
			tests: map[string]string{"a": "func helper(t *testing.T) {}\n"}, counts: counts{Failed: 1}, told: "no test ran", bad: true,
		},
		"skip": {
			tests:  map[string]string{"a": pass + "func TestSkip(t *testing.T) { t.Skip(\"not here\") }\n"},
			counts: counts{Passed: 2, Skipped: 1}, told: "not here",
		},
		"strict skip": {
			tests:  map[string]string{"a": pass + "func TestSkip(t *testing.T) { t.Skip(\"not here\") }\n"},
			strict: true, counts: counts{Passed: 2, Skipped: 1, Failed: 1}, told: "not allowed: example.test/a TestSkip", bad: true,
		},
		"allowed skip": {
			tests:  map[string]string{"a": pass + "func TestSkip(t *testing.T) { t.Run(\"x y\", func(t *testing.T) { t.Skip() }) }\n"},
			strict: true, allow: "example.test/a TestSkip/* needs a thing\n",
			counts: counts{Passed: 3, Skipped: 1}, told: "needs a thing",
		},
		"stale entry": {
			tests: map[string]string{"a": pass}, strict: true, allow: "example.test/a TestGone it is gone\n",
			counts: counts{Passed: 2, Failed: 1}, told: "names no test: example.test/a TestGone", bad: true,
		},
		"entry of another package": {
			tests: map[string]string{"a": pass}, strict: true, allow: "example.test/z TestGone elsewhere\n", counts: counts{Passed: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options{strict: test.strict, results: t.TempDir()}
			if test.allow != "" {
				o.allow = filepath.Join(t.TempDir(), "skips.txt")
				write(t, o.allow, "# what may be skipped\n\n"+test.allow)
			}
			out, err := testsum(t, o, goSuite(module(t, test.tests))...)
			if bad := err != nil; bad != test.bad {
				t.Errorf("err = %v, output:\n%s", err, out)
			}
			if !strings.Contains(out, "unit: "+test.counts.String()+"\n") || !strings.Contains(out, test.told) {
				t.Errorf("want %q and %q in:\n%s", test.counts, test.told, out)
			}
		})
	}
}

func TestList(t *testing.T) {
	for _, entry := range []string{"pkg TestX", "pkg Test[ reason"} {
		name := filepath.Join(t.TempDir(), "skips.txt")
		write(t, name, entry+"\n")
		if out, err := testsum(t, options{allow: name}, "one", "x", "true"); err == nil {
			t.Errorf("%q was taken: %s", entry, out)
		}
	}
}

// report is one of Node's test runner, cut to what matters.
const report = `TAP version 13
# Subtest: a page
    # Subtest: shows a chart
    ok 1 - shows a chart
      ---
      duration_ms: 1.5
      ...
    # Subtest: needs a phone
    ok 2 - needs a phone # SKIP no phone
    1..2
ok 1 - a page
1..1
# tests 2
# suites 1
# pass 1
# fail %d
# cancelled 0
# skipped 1
# todo 0
# duration_ms 99.1
`

func TestTAP(t *testing.T) {
	whole := fmt.Sprintf(report, 0)
	for name, test := range map[string]struct {
		text, status, allow string
		counts              counts
		bad                 bool
	}{
		"allowed skip": {whole, "0", "ui needs_a_phone there is none\n", counts{Passed: 1, Skipped: 1}, false},
		"skip":         {whole, "0", "", counts{Passed: 1, Skipped: 1, Failed: 1}, true},
		"status":       {whole, "7", "ui needs_a_phone there is none\n", counts{Passed: 1, Skipped: 1, Failed: 1}, true},
		"fail":         {fmt.Sprintf(report, 1), "1", "ui needs_a_phone there is none\n", counts{Passed: 1, Failed: 1, Skipped: 1}, true},
		"cut off":      {whole[:100], "0", "", counts{Failed: 1}, true},
		"nothing ran":  {"TAP version 13\n# pass 0\n", "0", "", counts{Failed: 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			o := options{strict: true, results: dir, allow: filepath.Join(dir, "skips.txt")}
			write(t, o.allow, test.allow)
			file := filepath.Join(dir, "ui.tap")
			write(t, file, test.text)
			out, err := testsum(t, o, "tap", "ui", file, test.status)
			if bad := err != nil; bad != test.bad || !strings.Contains(out, "ui: "+test.counts.String()+"\n") {
				t.Errorf("err = %v, want %q in:\n%s", err, test.counts, out)
			}
		})
	}
}

func TestTotal(t *testing.T) {
	o := options{results: t.TempDir()}
	if out, err := testsum(t, o, "one", "yes", "true"); err != nil {
		t.Fatal(err, out)
	}
	out, err := testsum(t, o, "total", "yes")
	if err != nil || !strings.HasSuffix(out, "\n1 passed, 0 failed, 0 skipped\n") {
		t.Errorf("err = %v, output:\n%s", err, out)
	}
	if out, err := testsum(t, o, "one", "no", "false"); err == nil {
		t.Errorf("a command that failed passed: %s", out)
	}
	for _, names := range [][]string{{"yes", "no"}, {"yes", "never ran"}} {
		out, err := testsum(t, o, append([]string{"total"}, names...)...)
		if err == nil || !strings.HasSuffix(out, "\n1 passed, 1 failed, 0 skipped\n") {
			t.Errorf("%v: err = %v, output:\n%s", names, err, out)
		}
	}
}
