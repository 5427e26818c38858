package webui

import (
	"embed"
	"log/slog"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var embedded embed.FS

// ContentSecurityPolicy is sent with every file of the UI. Scripts, styles,
// pictures and connections come from this server alone; nothing inline is
// allowed, neither may another page frame the UI.
const ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; " +
	"img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Parts of a server that the UI shows.
const (
	PartDevice = "device" // the HeliOS device API below /v1/
	PartApp    = "app"    // the agent of an application below /api/v1/ and /ws/v1/
)

// Options configures [Handler]. The zero value serves the embedded files.
type Options struct {
	// Dir, when not empty, is a directory that is read at each request instead
	// of the embedded files, without caching: a reload shows an edit. It is
	// meant for work on the UI and has the layout of static/.
	Dir string
	// Parts are what the server has: PartDevice, PartApp or both. The page shows
	// no other. Empty means that the page finds out by asking, which works with
	// every server and costs a moment.
	Parts []string
	// Logger gets what goes wrong in Dir; nil discards it.
	Logger *slog.Logger
}

// Handler serves the UI: the files under their path, index.html for "/" and
// for the path of each view ("/overview"), which are the modules in js/views,
// and 404 for all else. It takes GET and HEAD, answers If-None-Match by content
// hash, sends gzip to clients that accept it, and never reads a query. It asks
// for no authentication: the files hold no secrets, and the page needs them to
// ask for a token. Safe for concurrent use; it starts no goroutine.
func Handler(opts Options) http.Handler {
	logger := opts.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	if opts.Dir != "" {
		return &handler{files: &dirFiles{dir: opts.Dir, parts: opts.Parts, logger: logger}, headers: securityHeaders()}
	}
	files, err := loadAssets(embedded, "static", opts.Parts)
	if err != nil {
		// Reading embedded files cannot fail; say so rather than serve half a UI.
		logger.Error("cannot load embedded ui", "err", err)
	}
	return &handler{files: files, headers: securityHeaders()}
}

// files finds the file with a slash-separated relative name; nil is absent.
type files interface {
	find(name string) *asset
}

type handler struct {
	files   files
	headers []headerLine
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	for _, line := range h.headers {
		header[line.key] = line.values
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if a := h.lookup(r.URL.Path); a != nil {
		a.serve(w, r)
		return
	}
	http.NotFound(w, r)
}

// lookup finds what a URL path shows. The path of a view is one segment, so
// that the relative references of index.html hold for every view.
func (h *handler) lookup(urlPath string) *asset {
	name := strings.TrimPrefix(urlPath, "/")
	if name == "" {
		return h.files.find(indexName)
	}
	if a := h.files.find(name); a != nil {
		return a
	}
	if isViewName(name) && h.files.find(path.Join(viewDir, name+".js")) != nil {
		return h.files.find(indexName)
	}
	return nil
}

// isViewName says whether name may be a view: lower-case letters, digits and
// hyphens, as in "overview".
func isViewName(name string) bool {
	for _, c := range []byte(name) {
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return name != ""
}
