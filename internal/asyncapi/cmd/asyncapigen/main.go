// Command asyncapigen writes the AsyncAPI and OpenAPI documents below api/. Run it in
// the module's root directory. With --check it writes nothing and fails when a document
// is not what it would write.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/internal/asyncapi/devflowdoc"
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

// document is one file and how it is made.
type document struct {
	name string
	make func(*asyncapi.Comments) ([]byte, error)
}

func documents() []document {
	return []document{
		{"helios.asyncapi.json", func(c *asyncapi.Comments) ([]byte, error) { return asyncapi.Generate(heliosdoc.Document(), c) }},
		{"devflow.asyncapi.json", func(c *asyncapi.Comments) ([]byte, error) { return asyncapi.Generate(devflowdoc.Document(), c) }},
		{"devflow.openapi.json", func(c *asyncapi.Comments) ([]byte, error) { return asyncapi.GenerateHTTP(devflowdoc.HTTP(), c) }},
	}
}

func run(root string, check bool) error {
	sources := map[string]string{}
	all := heliosdoc.Sources()
	maps.Copy(all, devflowdoc.Sources())
	for dir, path := range all {
		sources[filepath.Join(root, dir)] = path
	}
	comments, err := asyncapi.ReadComments(sources)
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range documents() {
		made, err := d.make(comments)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		errs = append(errs, write(filepath.Join(root, "api", d.name), made, check))
	}
	return errors.Join(errs...)
}

// write writes a document, or compares it with the one that is there.
func write(name string, made []byte, check bool) error {
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
