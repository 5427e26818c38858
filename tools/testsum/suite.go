package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// counts of tests.
type counts struct {
	Passed, Failed, Skipped int
}

// String gives the closing line that test runners are known by.
func (c counts) String() string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", c.Passed, c.Failed, c.Skipped)
}

// suite is what is known of one suite when it has ended.
type suite struct {
	Name string
	counts
	skips    []testName          // that were skipped
	seen     map[string]struct{} // each "suite test", whatever became of it
	groups   map[string]struct{} // each package that was run, or the suite's name
	problems []string            // that no test told
}

// testName is a test and the package or suite it belongs to.
type testName struct {
	group string
	test  string
	why   string
}

func newSuite(name string) *suite {
	return &suite{Name: name, seen: map[string]struct{}{}, groups: map[string]struct{}{}}
}

// fail counts a failure that no test told.
func (s *suite) fail(format string, args ...any) {
	s.Failed++
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// saw notes that there is such a test.
func (s *suite) saw(group, test string) {
	s.groups[group] = struct{}{}
	s.seen[group+" "+test] = struct{}{}
}

// judge turns skips that are not allowed, entries that allow nothing, and a
// suite in which nothing ran into failures.
func (s *suite) judge(list []allowed, strict bool) {
	for _, skip := range s.skips {
		switch reason, ok := reasonFor(list, skip); {
		case ok:
			s.problems = append(s.problems, fmt.Sprintf("skipped, as allowed (%s): %s %s", reason, skip.group, skip.test))
		case strict:
			s.fail("skipped, which is not allowed: %s %s: %s", skip.group, skip.test, skip.why)
		default:
			s.problems = append(s.problems, fmt.Sprintf("skipped: %s %s: %s", skip.group, skip.test, skip.why))
		}
	}
	for _, a := range list {
		if strict && s.ran(a.group) && !s.names(a) {
			s.fail("the list of allowed skips names no test: %s %s", a.group, a.test)
		}
	}
	if s.Passed+s.Failed == 0 {
		s.fail("no test ran")
	}
}

func (s *suite) ran(group string) bool {
	_, ok := s.groups[group]
	return ok
}

// names tells whether an entry names a test of the suite. That of a subtest is
// judged by its parents: a parent that was skipped never made it.
func (s *suite) names(a allowed) bool {
	for seen := range s.seen {
		group, test, _ := strings.Cut(seen, " ")
		root, _, _ := strings.Cut(a.test, "/")
		if ok, _ := path.Match(root, test); ok && group == a.group {
			return true
		}
	}
	return false
}

// allowed is one entry of the list of allowed skips.
type allowed struct {
	group, test, reason string
}

// readAllowed reads the list; no name, no list.
func readAllowed(name string) ([]allowed, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []allowed
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 3 {
			return nil, fmt.Errorf("%s:%d: an entry is SUITE TEST REASON", name, n)
		}
		if _, err := path.Match(fields[1], ""); err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", name, n, fields[1], err)
		}
		list = append(list, allowed{fields[0], fields[1], strings.Join(fields[2:], " ")})
	}
	return list, lines.Err()
}

// reasonFor gives the reason why a skip is allowed.
func reasonFor(list []allowed, skip testName) (string, bool) {
	for _, a := range list {
		if ok, _ := path.Match(a.test, skip.test); ok && a.group == skip.group {
			return a.reason, true
		}
	}
	return "", false
}

// save writes the counts down for total.
func (s *suite) save(dir string) error {
	if dir == "" {
		return nil
	}
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, s.Name+".json"), b, 0o644)
}

// total adds suites up and ends with the line that tells the result.
func total(o options, names []string) error {
	var sum counts
	for _, name := range names {
		var s suite
		b, err := os.ReadFile(filepath.Join(o.results, name+".json"))
		if err == nil {
			err = json.Unmarshal(b, &s)
		}
		if err != nil {
			fmt.Fprintf(o.out, "%-10s did not run: %v\n", name, err)
			sum.Failed++
			continue
		}
		fmt.Fprintf(o.out, "%-10s %s\n", name, s.counts)
		sum.Passed += s.Passed
		sum.Failed += s.Failed
		sum.Skipped += s.Skipped
	}
	fmt.Fprintf(o.out, "\n%s\n", sum)
	if sum.Failed > 0 {
		return fmt.Errorf("%d failed", sum.Failed)
	}
	return nil
}
