package webui

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func get(t *testing.T, h http.Handler, target string, header ...string) *http.Response {
	t.Helper()
	return do(t, h, http.MethodGet, target, header...)
}

func do(t *testing.T, h http.Handler, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPaths(t *testing.T) {
	h := Handler(Options{})
	tests := []struct {
		path        string
		status      int
		contentType string
	}{
		{"/", 200, "text/html; charset=utf-8"},
		{"/index.html", 200, "text/html; charset=utf-8"},
		{"/overview", 200, "text/html; charset=utf-8"},
		{"/console?session=x", 200, "text/html; charset=utf-8"},
		{"/js/main.js", 200, "text/javascript; charset=utf-8"},
		{"/css/base.css", 200, "text/css; charset=utf-8"},
		{"/favicon.svg", 200, "image/svg+xml"},
		{"/vendor/xterm-6.0.0/xterm.mjs", 200, "text/javascript; charset=utf-8"},
		{"/vendor/xterm-6.0.0/LICENSE", 200, "text/plain; charset=utf-8"},
		{"/overview/", 404, ""},
		{"/overview/deeper", 404, ""},
		{"/nosuchview", 404, ""},
		{"/Overview", 404, ""},
		{"/js", 404, ""},
		{"/js/types.d.ts", 404, ""},
		{"/vendor/README.md", 404, ""},
		{"/vendor/SHA256SUMS", 404, ""},
		{"/js/../webui.go", 404, ""},
		{"/../webui.go", 404, ""},
		{"//", 404, ""},
		{"/v1/health", 404, ""},
	}
	for _, tt := range tests {
		r := get(t, h, tt.path)
		if r.StatusCode != tt.status {
			t.Errorf("GET %s: status %d, want %d", tt.path, r.StatusCode, tt.status)
			continue
		}
		if got := r.Header.Get("Content-Type"); tt.contentType != "" && got != tt.contentType {
			t.Errorf("GET %s: content type %q, want %q", tt.path, got, tt.contentType)
		}
		if got := r.Header.Get("Content-Security-Policy"); got != ContentSecurityPolicy {
			t.Errorf("GET %s: policy %q", tt.path, got)
		}
	}
}

// Each view of the navigation has its module, and each module is in the
// navigation, so that its address works.
func TestViewsAreListed(t *testing.T) {
	list, err := embedded.ReadFile("static/js/views.js")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := embedded.ReadDir("static/" + viewDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".js")
		if !strings.Contains(string(list), "name: '"+name+"'") {
			t.Errorf("views/%s is not in views.js", e.Name())
		}
	}
	if got, want := strings.Count(string(list), "name: '"), len(entries); got != want {
		t.Errorf("views.js lists %d views, there are %d modules", got, want)
	}
}

func TestMethods(t *testing.T) {
	h := Handler(Options{})
	r := do(t, h, http.MethodPost, "/")
	if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: status %d, Allow %q", r.StatusCode, r.Header.Get("Allow"))
	}
	r = do(t, h, http.MethodHead, "/js/main.js")
	if r.StatusCode != http.StatusOK || body(t, r) != "" || r.Header.Get("Content-Length") == "0" {
		t.Errorf("HEAD: status %d, Content-Length %q", r.StatusCode, r.Header.Get("Content-Length"))
	}
}

func TestConditional(t *testing.T) {
	h := Handler(Options{})
	plain := get(t, h, "/js/main.js").Header.Get("Etag")
	packed := get(t, h, "/js/main.js", "Accept-Encoding", "gzip").Header.Get("Etag")
	if plain == "" || packed == "" || plain == packed {
		t.Fatalf("tags %q and %q must exist and differ", plain, packed)
	}
	for _, match := range []string{plain, packed, "W/" + plain, `"other", ` + plain, "*"} {
		r := get(t, h, "/js/main.js", "If-None-Match", match, "Accept-Encoding", "gzip")
		if r.StatusCode != http.StatusNotModified || body(t, r) != "" {
			t.Errorf("If-None-Match %s: status %d", match, r.StatusCode)
		}
		if got := r.Header.Get("Content-Encoding"); got != "" {
			t.Errorf("If-None-Match %s: encoding %q without a body", match, got)
		}
	}
	if r := get(t, h, "/js/main.js", "If-None-Match", `"other"`); r.StatusCode != http.StatusOK {
		t.Errorf("another tag: status %d", r.StatusCode)
	}
}

func TestCacheControl(t *testing.T) {
	h := Handler(Options{})
	if got := get(t, h, "/js/main.js").Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("own file: %q", got)
	}
	got := get(t, h, "/vendor/uplot-1.6.32/uPlot.esm.js").Header.Get("Cache-Control")
	if !strings.Contains(got, "immutable") {
		t.Errorf("vendored file: %q", got)
	}
}

func TestGzip(t *testing.T) {
	h := Handler(Options{})
	want := body(t, get(t, h, "/css/base.css"))
	r := get(t, h, "/css/base.css", "Accept-Encoding", "br, gzip;q=0.8")
	if r.Header.Get("Content-Encoding") != "gzip" || r.Header.Get("Vary") != "Accept-Encoding" {
		t.Fatalf("encoding %q, vary %q", r.Header.Get("Content-Encoding"), r.Header.Get("Vary"))
	}
	zr, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(zr)
	if err != nil || string(got) != want {
		t.Errorf("unpacked %d bytes, want %d: %v", len(got), len(want), err)
	}
	if int64(len(want)) <= r.ContentLength {
		t.Errorf("packed %d bytes into %d", len(want), r.ContentLength)
	}
}

func TestAcceptsGzip(t *testing.T) {
	tests := map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br": false, "br, gzip": true, "*": true,
		"gzip;q=0": false, "gzip; q=0.000": false, "gzip;q=0.1": true, "gzipped": false, "gzip;q=x": true,
	}
	for header, want := range tests {
		if got := acceptsGzip([]string{header}); got != want {
			t.Errorf("acceptsGzip(%q) = %v, want %v", header, got, want)
		}
	}
}

func TestPreloads(t *testing.T) {
	page := body(t, get(t, Handler(Options{}), "/"))
	if strings.Contains(page, preloadMark) {
		t.Error("the mark was not replaced")
	}
	for _, want := range []string{`href="js/link.js"`, `href="js/lib/dom.js"`} {
		if !strings.Contains(page, `<link rel="modulepreload" `+want+`>`) {
			t.Errorf("no preload with %s", want)
		}
	}
	if strings.Contains(page, "vendor/xterm-6.0.0/xterm.mjs") || strings.Contains(page, "js/views/") {
		t.Error("modules that only some views need are preloaded")
	}
}

// The page learns from the server what it has, and asks when it is not told.
func TestParts(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  string
	}{{nil, `content=""`}, {[]string{PartApp}, `content="app"`}, {[]string{PartDevice, PartApp}, `content="device app"`}} {
		for _, dir := range []string{"", "static"} {
			page := body(t, get(t, Handler(Options{Parts: c.parts, Dir: dir}), "/app-logs"))
			if want := `<meta name="heliograph-parts" ` + c.want + `>`; !strings.Contains(page, want) {
				t.Errorf("parts %v, directory %q: no %s in the page", c.parts, dir, want)
			}
		}
	}
}

// Everything that index.html names exists, and nothing in it is inline: the
// policy would forbid it.
func TestIndex(t *testing.T) {
	h := Handler(Options{})
	page := body(t, get(t, h, "/"))
	for _, attr := range []string{`href="`, `src="`} {
		for _, rest := range strings.Split(page, attr)[1:] {
			target, _, _ := strings.Cut(rest, `"`)
			if strings.Contains(target, ":") || strings.HasPrefix(target, "/") {
				t.Errorf("%q is not relative to the page", target)
			}
			if r := get(t, h, "/"+target); r.StatusCode != http.StatusOK {
				t.Errorf("%s: status %d", target, r.StatusCode)
			}
		}
	}
	for _, inline := range []string{"<style", "style=", "<script>", "onclick", "onload"} {
		if strings.Contains(page, inline) {
			t.Errorf("index.html holds %q", inline)
		}
	}
}

func TestDir(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	outside := filepath.Join(t.TempDir(), "secret.js")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	write("index.html", "one")
	write("js/views/arm.js", "arm")
	if err := os.Symlink(outside, filepath.Join(dir, "js", "link.js")); err != nil {
		t.Fatal(err)
	}
	h := Handler(Options{Dir: dir})
	if got := body(t, get(t, h, "/arm")); got != "one" {
		t.Errorf("view: %q", got)
	}
	write("index.html", "two")
	r := get(t, h, "/")
	if got := body(t, r); got != "two" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("after an edit: %q, %q", got, r.Header.Get("Cache-Control"))
	}
	for _, p := range []string{"/js/link.js", "/other", "/js"} {
		if r := get(t, h, p); r.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s: status %d", p, r.StatusCode)
		}
	}
	if r := get(t, Handler(Options{Dir: filepath.Join(dir, "none")}), "/"); r.StatusCode != http.StatusNotFound {
		t.Errorf("no directory: status %d", r.StatusCode)
	}
}

func FuzzLookup(f *testing.F) {
	for _, seed := range []string{"/", "/overview", "/js/../x", "//", "/\x00", "/js/main.js", "/.", "/.."} {
		f.Add(seed)
	}
	embeddedFiles := Handler(Options{}).(*handler)
	dirHandler := Handler(Options{Dir: f.TempDir()}).(*handler)
	f.Fuzz(func(t *testing.T, p string) {
		if a := embeddedFiles.lookup(p); a != nil && len(a.contentType) != 1 {
			t.Errorf("lookup(%q) gave an asset without a type", p)
		}
		if dirHandler.lookup(p) != nil {
			t.Errorf("lookup(%q) found a file in an empty directory", p)
		}
	})
}

// discard is a ResponseWriter that keeps nothing but its header.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func BenchmarkServe(b *testing.B) {
	h := Handler(Options{})
	r := httptest.NewRequest(http.MethodGet, "/js/main.js", nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	w := discard{header: http.Header{}}
	h.ServeHTTP(w, r)
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := loadAssets(embedded, "static", nil); err != nil {
			b.Fatal(err)
		}
	}
}
