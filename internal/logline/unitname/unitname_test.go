package unitname_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/logline/unitname"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"ssh.service":                         true,
		"getty@tty1.service":                  true,
		`dev-disk-by\x2dlabel-data.mount`:     true,
		"-.mount":                             true,
		"a.b.c.timer":                         true,
		"":                                    false,
		".service":                            false,
		"ssh":                                 false,
		"ssh.conf":                            false,
		"--file=x.service":                    false,
		"-x.service":                          false,
		"ss*.service":                         false,
		"ss?.service":                         false,
		"[a].service":                         false,
		"a b.service":                         false,
		"../x.service":                        false,
		"a/b.service":                         false,
		"a\n.service":                         false,
		"a\x00.service":                       false,
		"ä.service":                           false,
		"getty@.service":                      false,
		"@x.service":                          false,
		strings.Repeat("a", 248) + ".service": false,
		strings.Repeat("a", 247) + ".service": true,
	} {
		err := unitname.Check(name)
		if (err == nil) != ok {
			t.Errorf("Check(%q) = %v, want ok %v", name, err, ok)
		}
		if err != nil && !errors.Is(err, unitname.ErrInvalid) {
			t.Errorf("Check(%q) = %v, which does not wrap ErrInvalid", name, err)
		}
	}
}
