package iio_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/fusion"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
)

func vec(x, y, z float64) fusion.Vec3 { return fusion.Vec3{X: x, Y: y, Z: z} }

// content returns the trimmed text of a file of the tree.
func content(t *testing.T, tree *faketree.FS, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(tree.Root, name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}
