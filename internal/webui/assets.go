package webui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
)

const (
	indexName = "index.html"
	viewDir   = "js/views"
	vendorDir = "vendor/"
	// preloadMark is the line of index.html that is replaced by one
	// modulepreload link per module of js/ and js/lib/, so that a browser
	// fetches them at once instead of import by import.
	preloadMark = "<!-- modulepreload -->"
	// partsMark is the element of index.html that names the parts of the server;
	// the page asks for them while it names none.
	partsMark = `<meta name="heliograph-parts" content="">`
	// minGzip is the size below which compressing does not pay.
	minGzip = 512
)

// asset is one file, ready to be sent. Header values are kept as slices that
// are shared between responses, so that serving allocates next to nothing.
type asset struct {
	body        []byte
	contentType []string
	cache       []string
	length      []string
	// etag and gzipTag hold the tags of the two forms; etag is nil for files
	// that are not cached.
	etag    []string
	gzipTag []string
	// gzipped gives the compressed form and vary says that it depends on the
	// request; both are nil when the file has only one form.
	gzipped func() compressed
	vary    []string
}

// compressed is the gzip form of a body with its headers; the body is nil when
// it is not smaller.
type compressed struct {
	body     []byte
	length   []string
	encoding []string
}

// assetSet holds all files by name.
type assetSet map[string]*asset

func (s assetSet) find(name string) *asset { return s[name] }

// loadAssets reads every file below root of fsys that is served, for a server
// with the parts.
func loadAssets(fsys fs.FS, root string, parts []string) (assetSet, error) {
	set := assetSet{}
	bodies := map[string][]byte{}
	err := fs.WalkDir(fsys, root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimPrefix(p, root+"/")
		if contentType(name) == nil {
			return nil
		}
		body, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		bodies[name] = body
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load ui files: %w", err)
	}
	bodies[indexName] = addParts(addPreloads(bodies[indexName], bodies), parts)
	for name, body := range bodies {
		set[name] = newAsset(name, body)
	}
	return set, nil
}

func newAsset(name string, body []byte) *asset {
	sum := sha256.Sum256(body)
	tag := hex.EncodeToString(sum[:12])
	a := &asset{
		body:        body,
		contentType: contentType(name),
		cache:       []string{"no-cache"},
		length:      []string{strconv.Itoa(len(body))},
		etag:        []string{`"` + tag + `"`},
		gzipTag:     []string{`"` + tag + `-gz"`},
	}
	if strings.HasPrefix(name, vendorDir) {
		a.cache = []string{"public, max-age=31536000, immutable"}
	}
	if len(body) >= minGzip {
		a.vary = []string{"Accept-Encoding"}
		a.gzipped = sync.OnceValue(func() compressed { return compress(body) })
	}
	return a
}

// compress gives the gzip form of body if it is smaller.
func compress(body []byte) compressed {
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf) // writing to a buffer cannot fail
	_, _ = zw.Write(body)
	_ = zw.Close()
	if buf.Len() >= len(body) {
		return compressed{}
	}
	return compressed{
		body:     buf.Bytes(),
		length:   []string{strconv.Itoa(buf.Len())},
		encoding: []string{"gzip"},
	}
}

// contentType gives the header value for a name, or nil for a file that is not
// served, such as type declarations and notes.
func contentType(name string) []string {
	if strings.HasSuffix(name, ".d.ts") {
		return nil
	}
	switch path.Ext(name) {
	case ".html":
		return []string{"text/html; charset=utf-8"}
	case ".css":
		return []string{"text/css; charset=utf-8"}
	case ".js", ".mjs":
		return []string{"text/javascript; charset=utf-8"}
	case ".svg":
		return []string{"image/svg+xml"}
	case ".webmanifest":
		return []string{"application/manifest+json"}
	}
	if path.Base(name) == "LICENSE" {
		return []string{"text/plain; charset=utf-8"}
	}
	return nil
}

// addParts names the parts of the server in index.html.
func addParts(index []byte, parts []string) []byte {
	named := strings.Replace(partsMark, `""`, `"`+html.EscapeString(strings.Join(parts, " "))+`"`, 1)
	return bytes.Replace(index, []byte(partsMark), []byte(named), 1)
}

// dirFiles reads files from a directory at each request. Symbolic links cannot
// lead out of it.
type dirFiles struct {
	dir    string
	parts  []string
	logger *slog.Logger
}

func (d *dirFiles) find(name string) *asset {
	if contentType(name) == nil || !fs.ValidPath(name) {
		return nil
	}
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		d.logger.Warn("cannot open ui directory", "err", err)
		return nil
	}
	defer func() { _ = root.Close() }()
	body, err := fs.ReadFile(root.FS(), name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			d.logger.Warn("cannot read ui file", "name", name, "err", err)
		}
		return nil
	}
	if name == indexName {
		body = addParts(body, d.parts)
	}
	return &asset{
		body:        body,
		contentType: contentType(name),
		cache:       []string{"no-store"},
		length:      []string{strconv.Itoa(len(body))},
	}
}

// serve writes the response. It never fails: an error of the connection is the
// business of the server.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Cache-Control"] = a.cache
	body, length, tag := a.body, a.length, a.etag
	if a.gzipped != nil {
		h["Vary"] = a.vary
		if acceptsGzip(r.Header["Accept-Encoding"]) {
			if z := a.gzipped(); z.body != nil {
				body, length, tag = z.body, z.length, a.gzipTag
				h["Content-Encoding"] = z.encoding
			}
		}
	}
	if tag != nil {
		h["Etag"] = tag
		if a.matches(r.Header["If-None-Match"]) {
			delete(h, "Content-Encoding")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h["Content-Type"] = a.contentType
	h["Content-Length"] = length
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// matches says whether one of the tags of If-None-Match is ours, in either
// form: both are made of the same content.
func (a *asset) matches(values []string) bool {
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
			if part == "*" || part == a.etag[0] || part == a.gzipTag[0] {
				return true
			}
		}
	}
	return false
}
