package unit

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	f.Add("Id=a\nMainPID=1\n\nId=b\nDescription=x=y\n")
	f.Add("\n\n\nActiveState\xff\n=\n")
	f.Fuzz(func(t *testing.T, out string) {
		states, err := parse([]byte(out))
		if err != nil {
			return
		}
		blocks := 0
		for i, line := range strings.Split("\n"+out, "\n")[1:] {
			if lines := strings.Split("\n"+out, "\n"); line != "" && lines[i] == "" {
				blocks++
			}
		}
		if len(states) != blocks {
			t.Errorf("%q: %d states, want %d", out, len(states), blocks)
		}
		for _, s := range states {
			if !utf8.ValidString(s.Description + s.ActiveState + s.FragmentPath) {
				t.Errorf("%+v", s)
			}
		}
	})
}
