// Command testsum runs test suites, counts what ran, and fails when something
// did not: a failure, a suite without a test, or a test that was skipped and is
// not listed with a reason.
//
//	testsum [flags] go NAME COMMAND...    run "go test -json …" and report it
//	testsum [flags] tap NAME FILE STATUS  read the TAP report of a suite that ended with STATUS
//	testsum [flags] one NAME COMMAND...   run a check that counts as one test
//	testsum [flags] total NAME...         add up the suites of these names; each must have run
//
// Each suite leaves its counts in the results folder; total reads them and ends
// with the line "N passed, N failed, N skipped".
//
// The list of allowed skips has one entry a line, "SUITE TEST REASON": the
// package's import path, or the name of a suite that is not of Go; the test's
// name with subtests, blanks as underscores, * as in path.Match; and why a run
// without it is still whole. With -strict, a skip that is not on the list is a
// failure, and so is an entry that names no test of a suite that ran.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	flags := options{out: os.Stdout}
	flag.StringVar(&flags.results, "results", "", "`folder` for the counts")
	flag.StringVar(&flags.allow, "allow", "", "`file` that lists the allowed skips")
	flag.BoolVar(&flags.strict, "strict", false, "fail when a test was skipped that is not listed")
	flag.Parse()
	if err := run(flags, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
}

// options of a run; they come from the command line.
type options struct {
	results string
	allow   string
	strict  bool
	out     io.Writer
}

// errUsage is returned for arguments that make no command.
var errUsage = errors.New("usage: testsum [flags] go|tap|one|total NAME [file or command]")

func run(o options, args []string) error {
	if len(args) < 2 {
		return errUsage
	}
	list, err := readAllowed(o.allow)
	if err != nil {
		return err
	}
	verb, name, rest := args[0], args[1], args[2:]
	var s *suite
	switch {
	case verb == "total":
		return total(o, args[1:])
	case verb == "go" && len(rest) > 0:
		s, err = runGo(o, name, rest)
	case verb == "tap" && len(rest) == 2:
		s, err = readTAPFile(name, rest[0], rest[1])
	case verb == "one" && len(rest) > 0:
		s, err = runOne(o, name, rest)
	default:
		return errUsage
	}
	if err != nil {
		return err
	}
	return finish(o, s, list)
}

// finish judges a suite, tells about it and writes its counts down.
func finish(o options, s *suite, list []allowed) error {
	s.judge(list, o.strict)
	for _, p := range s.problems {
		fmt.Fprintf(o.out, "%s: %s\n", s.Name, p)
	}
	fmt.Fprintf(o.out, "%s: %s\n\n", s.Name, s.counts)
	if err := s.save(o.results); err != nil {
		return err
	}
	if s.Failed > 0 {
		return fmt.Errorf("%s failed", s.Name)
	}
	return nil
}

// runOne runs a command whose exit status is the only result that it has.
func runOne(o options, name string, command []string) (*suite, error) {
	s := newSuite(name)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = o.out, os.Stderr
	if err := cmd.Run(); err != nil {
		s.fail("%v", err)
		return s, nil
	}
	s.Passed = 1
	return s, nil
}
