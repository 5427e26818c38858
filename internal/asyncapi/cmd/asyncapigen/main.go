// Command asyncapigen writes the AsyncAPI documents below api/. Run it in the
// module's root directory. With --check it writes nothing and fails when a
// document is not what it would write.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/internal/asyncapi/heliosdoc"
)

func main() {
	root := flag.String("root", ".", "`directory` with the module's go.mod")
	check := flag.Bool("check", false, "compare with the committed documents instead of writing them")
	flag.Parse()
	if err := run(*root, *check); err != nil {
		fmt.Fprintln(os.Stderr, "asyncapigen:", err)
		os.Exit(1)
	}
}

// errStale is returned by a check that failed.
var errStale = errors.New("not up to date: run go run ./internal/asyncapi/cmd/asyncapigen")

func run(root string, check bool) error {
	sources := map[string]string{}
	for dir, path := range heliosdoc.Sources() {
		sources[filepath.Join(root, dir)] = path
	}
	comments, err := asyncapi.ReadComments(sources)
	if err != nil {
		return err
	}
	made, err := asyncapi.Generate(heliosdoc.Document(), comments)
	if err != nil {
		return err
	}
	name := filepath.Join(root, "api", "helios.asyncapi.json")
	if !check {
		return os.WriteFile(name, made, 0o644)
	}
	committed, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if !bytes.Equal(committed, made) {
		return fmt.Errorf("%s is %w", name, errStale)
	}
	return nil
}
