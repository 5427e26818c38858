package childenv

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed preload.cjs
var preloadScript []byte

// preload makes Node load the script before the program.
func (v *variables) preload(dir string) error {
	path := filepath.Join(dir, "preload.cjs")
	if err := os.WriteFile(path, preloadScript, 0o600); err != nil {
		return fmt.Errorf("write the script for node: %w", err)
	}
	option := `--require "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(path) + `"`
	if given := v.get("NODE_OPTIONS"); given != "" {
		option += " " + given
	}
	v.set("NODE_OPTIONS", option)
	return nil
}
