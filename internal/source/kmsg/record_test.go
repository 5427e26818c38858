package kmsg

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/logline"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]record{
		"11,344,807153548,-;heliograph-test: hello err\n":                    {3, 344, 807153548 * time.Microsecond, "heliograph-test: hello err"},
		"14,346,1,-;multi\\x0aline \\x01\\xff bin\n":                         {6, 346, time.Microsecond, "multi\nline \x01\xff bin"},
		"6,193,315687,-;acpi x\n SUBSYSTEM=acpi\n DEVICE=+acpi:PNP0A08:00\n": {6, 193, 315687 * time.Microsecond, "acpi x"},
		"6,1,2,c,caller=T1;part":                                             {6, 1, 2 * time.Microsecond, "part"},
		"4,1,2,-;a;b,c\\x5cx41\\xzz\\x4":                                     {4, 1, 2 * time.Microsecond, `a;b,c\x41\xzz\x4`},
		"7,18446744073709551615,0,-;\n":                                      {7, 1<<64 - 1, 0, ""},
	} {
		if got, err := parse([]byte(raw)); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", raw, got, err, want)
		}
	}
	for _, bad := range []string{"", ";", "6,1,2,-", "6,1,2;x", "x,1,2,-;x", "6,-1,2,-;x", "6,1,99999999999999999999,-;x", "6,1,,-;x"} {
		if got, err := parse([]byte(bad)); !errors.Is(err, errSyntax) {
			t.Errorf("%q: got %+v, %v", bad, got, err)
		}
	}
}

// fakeDevice gives its records; an error is given where a record is none.
type fakeDevice struct {
	records []any
}

func (d *fakeDevice) read(b []byte, wait bool) (int, error) {
	if len(d.records) == 0 {
		if wait {
			return 0, io.EOF
		}
		return 0, nil
	}
	next := d.records[0]
	d.records = d.records[1:]
	if err, ok := next.(error); ok {
		return 0, err
	}
	return copy(b, next.(string)), nil
}

func readAll(records ...any) ([]logline.Line, error) {
	r := reader{device: &fakeDevice{records}, boot: func() time.Time { return time.Unix(1_929_966_400, 0) }, location: time.UTC}
	var lines []logline.Line
	for {
		more, err := r.next(false, func(line logline.Line) error { lines = append(lines, line); return nil })
		if err != nil || !more {
			return lines, err
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	lines, err := readAll(
		"6,10,6123456,-;usb 1-1: new device\n DEVICE=x\n",
		"3,11,7000000,-;two\\x0alines\\xff\n",
		unix.EPIPE,
		unix.EPIPE,
		"4,45,8000000,-;after\n",
		"4,46,9000000,-;next\n",
		"4,3,9000001,-;numbers from a restored system\n",
	)
	const at = "2031-02-27T13:46:4"
	want := []string{
		at + "6,123456+00:00 usb 1-1: new device",
		at + "7,000000+00:00 two",
		at + "7,000000+00:00 lines\uFFFD",
		at + "8,000000+00:00 heliograph: 33 kernel messages were overwritten before they could be read",
		at + "8,000000+00:00 after",
		at + "9,000000+00:00 next",
		at + "9,000001+00:00 numbers from a restored system",
	}
	var got []string
	var levels []int
	for _, line := range lines {
		got = append(got, line.Text)
		levels = append(levels, line.Priority)
		if line.Read.IsZero() {
			t.Errorf("line without time: %+v", line)
		}
	}
	if err != nil || !slices.Equal(got, want) || !slices.Equal(levels, []int{6, 3, 3, 4, 4, 4, 4}) {
		t.Errorf("got %q, %v, %v", got, levels, err)
	}
	if _, err := readAll("garbage"); !errors.Is(err, errSyntax) {
		t.Errorf("garbage: %v", err)
	}
	if _, err := readAll(unix.EIO); !errors.Is(err, unix.EIO) {
		t.Errorf("broken device: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("11,344,807153548,-;hello\\x0a\\xff\n KEY=value\n"))
	f.Add([]byte("6,1,2,c,caller=T1;\\x5c\\"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		rec, err := parse(raw)
		if err != nil {
			return
		}
		if rec.level < 0 || rec.level > 7 || rec.since < 0 {
			t.Fatalf("record %+v", rec)
		}
		lines, err := readAll(string(raw[:min(len(raw), recordSize)]))
		if err != nil && len(raw) <= recordSize {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !utf8.ValidString(line.Text) || strings.Contains(line.Text, "\n") {
				t.Fatalf("line %+v", line)
			}
		}
	})
}

// What the kernel escapes is what we get back.
func FuzzUnescape(f *testing.F) {
	f.Add("a\\b\n\xff\\x41é")
	f.Fuzz(func(t *testing.T, text string) {
		var b strings.Builder
		for i := range len(text) {
			if c := text[i]; c < ' ' || c >= 127 || c == '\\' {
				fmt.Fprintf(&b, "\\x%02x", c)
			} else {
				b.WriteByte(c)
			}
		}
		if got := unescape([]byte(b.String())); got != text {
			t.Fatalf("%q came back as %q", text, got)
		}
	})
}
