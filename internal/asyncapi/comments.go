package asyncapi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// Comments are the doc comments of Go types. The nil Comments are empty.
type Comments struct {
	types  map[string]string // by import path and type
	fields map[string]string // by import path, type and field
}

// ReadComments reads the doc comments of the packages whose source is in the
// given directories; the map's values are their import paths.
func ReadComments(packages map[string]string) (*Comments, error) {
	c := &Comments{types: map[string]string{}, fields: map[string]string{}}
	for dir, path := range packages {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return nil, fmt.Errorf("list sources in %s: %w", dir, err)
		}
		files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
		if len(files) == 0 {
			return nil, fmt.Errorf("no Go source in %s", dir)
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return nil, fmt.Errorf("read comments: %w", err)
			}
			c.readFile(path, file)
		}
	}
	return c, nil
}

func (c *Comments) readFile(path string, file *ast.File) {
	for _, decl := range file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok || general.Tok != token.TYPE {
			continue
		}
		for _, spec := range general.Specs {
			typ := spec.(*ast.TypeSpec)
			doc := typ.Doc
			if doc == nil {
				doc = general.Doc
			}
			key := path + "." + typ.Name.Name
			c.types[key] = paragraphs(doc.Text())
			if body, ok := typ.Type.(*ast.StructType); ok {
				c.readFields(key, body)
			}
		}
	}
}

func (c *Comments) readFields(key string, body *ast.StructType) {
	for _, field := range body.Fields.List {
		text := field.Doc.Text()
		if text == "" {
			text = field.Comment.Text()
		}
		for _, name := range field.Names {
			c.fields[key+"."+name.Name] = paragraphs(text)
		}
	}
}

// paragraphs joins the lines of each paragraph.
func paragraphs(text string) string {
	parts := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, part := range parts {
		parts[i] = strings.Join(strings.Fields(part), " ")
	}
	return strings.Join(parts, "\n\n")
}

func (c *Comments) ofType(path, name string) string {
	if c == nil {
		return ""
	}
	return c.types[path+"."+name]
}

func (c *Comments) ofField(path, typ, field string) string {
	if c == nil {
		return ""
	}
	return c.fields[path+"."+typ+"."+field]
}
