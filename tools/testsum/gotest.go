package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// event is one line of "go test -json" (see "go doc test2json").
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string
}

// goReport follows the events of one run.
type goReport struct {
	s      *suite
	out    io.Writer
	output map[string][]string // of each test, and of each package under its name, until it ended
	builds map[string][]string // what the compiler said, by import path
	failed map[string]int      // failures of tests, by package
	ran    map[string]int      // tests that ended, by package
}

// runGo runs a "go test -json" command and reports it as it goes.
func runGo(o options, name string, command []string) (*suite, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := newSuite(name)
	readErr := readGo(s, o.out, events)
	switch err := cmd.Wait(); {
	case readErr != nil:
		s.fail("the report broke off: %v", readErr)
	case err != nil && s.Failed == 0:
		s.fail("%v, though no test failed", err)
	}
	return s, nil
}

// readGo reads the events of a run into a suite. Output of tests that fail is
// shown, and one line for each package.
func readGo(s *suite, out io.Writer, events io.Reader) error {
	r := &goReport{
		s: s, out: out, output: map[string][]string{}, builds: map[string][]string{},
		failed: map[string]int{}, ran: map[string]int{},
	}
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			_, _ = io.Copy(io.Discard, events)
			return err
		}
	}
}

func (r *goReport) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		fmt.Fprintf(r.out, "%s", line) // not an event: some program wrote to our standard output
		return
	}
	switch {
	case e.Action == "build-output":
		r.builds[e.ImportPath] = append(r.builds[e.ImportPath], e.Output)
	case e.Action == "output":
		key := e.Package + " " + e.Test
		r.output[key] = append(r.output[key], e.Output)
	case e.Test != "":
		r.test(e)
	case e.Package != "":
		r.pack(e)
	}
}

// test takes the end of a test.
func (r *goReport) test(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "pass":
		r.s.Passed++
	case "skip":
		r.s.Skipped++
		r.s.skips = append(r.s.skips, testName{e.Package, e.Test, why(r.output[key])})
	case "fail":
		r.s.Failed++
		r.failed[e.Package]++
		r.show(r.output[key])
	default:
		return
	}
	r.ran[e.Package]++
	r.s.saw(e.Package, e.Test)
	delete(r.output, key)
}

// pack takes the end of a package.
func (r *goReport) pack(e event) {
	defer delete(r.output, e.Package+" ")
	switch e.Action {
	case "pass":
		fmt.Fprintf(r.out, "ok    %-60s %4d tests %7.1fs\n", e.Package, r.ran[e.Package], e.Elapsed)
	case "skip": // it has no test files
	case "fail":
		if r.failed[e.Package] == 0 {
			r.s.fail("%s failed outside its tests", e.Package)
		}
		r.show(r.builds[e.FailedBuild])
		r.unfinished(e.Package)
		r.show(r.output[e.Package+" "])
		fmt.Fprintf(r.out, "FAIL  %-60s %4d tests %7.1fs\n", e.Package, r.ran[e.Package], e.Elapsed)
	}
}

// unfinished shows what tests wrote that a crash or the time limit cut off.
func (r *goReport) unfinished(pkg string) {
	for key, lines := range r.output {
		if strings.HasPrefix(key, pkg+" ") && key != pkg+" " {
			r.show(lines)
			delete(r.output, key)
		}
	}
}

func (r *goReport) show(lines []string) {
	for _, line := range lines {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(r.out, line)
		}
	}
}

// why finds the reason in what a skipped test wrote.
func why(lines []string) string {
	for _, line := range lines {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			return line
		}
	}
	return "no reason given"
}
