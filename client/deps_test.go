package client_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestDependencies: whoever imports the client takes in one module besides the
// standard library, and nothing of the daemon.
func TestDependencies(t *testing.T) {
	const self = "github.com/heliograph/heliograph/client"
	for dir, allowed := range map[string][]string{
		".":       {self, self + "/helios", self + "/devflow", "github.com/coder/websocket"},
		"helios":  {self + "/helios"},
		"devflow": {self + "/devflow"},
	} {
		cmd := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./"+dir)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range strings.Fields(string(out)) {
			ok := false
			for _, a := range allowed {
				ok = ok || path == a || a == "github.com/coder/websocket" && strings.HasPrefix(path, a+"/")
			}
			if !ok {
				t.Errorf("package %q pulls in %s", dir, path)
			}
		}
	}
}
