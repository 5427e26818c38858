package host

import (
	"maps"
	"testing"
	"unicode/utf8"
)

func TestParseRelease(t *testing.T) {
	const text = "# comment\nNAME=\"A \\\"B\\\" \\$C \\n\"\nVERSION_ID='1 2'\nBUILD_ID=a\\ b # not part\n\nEMPTY=\nMIXED=a\"b c\"'d'\n" +
		"UNENDED=\"x\nbad key=1\nnothing\n=x\nLAST=\xff\r\n"
	want := map[string]string{
		"NAME": `A "B" $C \n`, "VERSION_ID": "1 2", "BUILD_ID": "a b", "EMPTY": "", "MIXED": "ab cd", "LAST": "\uFFFD",
	}
	if got := parseRelease([]byte(text)); !maps.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func FuzzRelease(f *testing.F) {
	f.Add([]byte("NAME=\"A \\\"B\"\nX='\\"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for key, value := range parseRelease(text) {
			if key == "" || !utf8.ValidString(key) || !utf8.ValidString(value) {
				t.Errorf("%q=%q", key, value)
			}
		}
	})
}

func FuzzUptime(f *testing.F) {
	f.Add("350735.47 234388.90\n")
	f.Add("NaN 1")
	f.Fuzz(func(t *testing.T, text string) {
		if up, ok := parseUptime(text); ok && up < 0 {
			t.Errorf("%q: %v", text, up)
		}
	})
}

func FuzzHostname(f *testing.F) {
	f.Add("a-b.c")
	f.Fuzz(func(t *testing.T, name string) {
		if ValidHostname(name) != nil {
			return
		}
		for _, c := range []byte(name) {
			if c <= ' ' || c > '~' || c == '/' || len(name) > MaxHostname {
				t.Errorf("%q is valid", name)
			}
		}
	})
}
