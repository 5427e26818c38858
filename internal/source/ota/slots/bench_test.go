package slots

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/source/ota"
)

// BenchmarkInstall writes and reads back a slot of 64 MiB.
func BenchmarkInstall(b *testing.B) {
	dir := b.TempDir()
	e, err := New(options(dir))
	if err != nil {
		b.Fatal(err)
	}
	image := content("1", 64<<20)
	path := filepath.Join(dir, "bundle")
	if err := os.WriteFile(path, bundle(b, manifest("1"), image), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(image)))
	b.ReportAllocs()
	for b.Loop() {
		img := ota.Image{UpdateID: uuid.New(), Path: path}
		a, err := e.Begin(b.Context(), img)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := e.Install(b.Context(), img, a, nobody); err != nil {
			b.Fatal(err)
		}
	}
}
