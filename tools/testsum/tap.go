package main

import (
	"bufio"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// readTAPFile reads the report of a suite of Node's test runner that ended with
// the exit status given.
func readTAPFile(name, file, status string) (*suite, error) {
	s := newSuite(name)
	f, err := os.Open(file)
	if err != nil {
		s.fail("no report: %v", err)
		return s, nil
	}
	defer f.Close()
	if err := readTAP(s, f); err != nil {
		s.fail("the report broke off: %v", err)
	}
	if status != "0" && s.Failed == 0 {
		s.fail("it ended with status %s, though no test failed", status)
	}
	return s, nil
}

// readTAP takes the counts from the comments that end the report, and the names
// of tests that were skipped from its lines.
func readTAP(s *suite, r io.Reader) error {
	result := regexp.MustCompile(`^\s*(not )?ok \d+ - (.*?)(?: # (SKIP|TODO)\b ?(.*))?$`)
	end := regexp.MustCompile(`^# (pass|fail|cancelled|skipped|todo) (\d+)$`)
	s.groups[s.Name] = struct{}{}
	complete := false
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if m := end.FindStringSubmatch(lines.Text()); m != nil {
			n, err := strconv.Atoi(m[2])
			if err != nil {
				return err
			}
			complete = true
			s.add(m[1], n)
		} else if m := result.FindStringSubmatch(lines.Text()); m != nil {
			test := strings.ReplaceAll(m[2], " ", "_")
			s.saw(s.Name, test)
			if m[3] != "" {
				s.skips = append(s.skips, testName{s.Name, test, m[4]})
			}
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if !complete {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// add counts n tests of the kind that the report calls by this name. What is
// still to do was not tested.
func (s *suite) add(kind string, n int) {
	switch kind {
	case "pass":
		s.Passed += n
	case "fail", "cancelled":
		s.Failed += n
	case "skipped", "todo":
		s.Skipped += n
	}
}
