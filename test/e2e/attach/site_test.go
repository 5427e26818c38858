package attach

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// sight is what the server of the tests saw of an exchange, and what it sent.
type sight struct {
	method, uri string
	status      int
	sent, got   int64 // bytes of the bodies as they were on the wire
	sentSum     string
	gotSum      string
	contentType string
}

// site is the server that the pages are from.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	seen  []sight
	pages map[string]string // by path
	slow  chan struct{}     // closed when slow answers may end
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{pages: map[string]string{}, slow: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/", s.api)
	mux.HandleFunc("/gzip", s.gzip)
	mux.HandleFunc("/jump", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "/api/landed?"+r.URL.RawQuery)
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("/auth", func(w http.ResponseWriter, r *http.Request) {
		if user, password, ok := r.BasicAuth(); !ok || user != "u" || password != "planted-secret-11" {
			w.Header().Set("Www-Authenticate", `Basic realm="r"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, "come in")
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "too little")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-s.slow:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/cached", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=3600")
		_, _ = io.WriteString(w, "kept for a while")
	})
	mux.HandleFunc("/etag", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"one"`)
		w.Header().Set("Cache-Control", "no-cache")
		if r.Header.Get("If-None-Match") == `"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "checked every time")
	})
	mux.HandleFunc("/cookie", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "planted-secret-1", Path: "/", HttpOnly: true})
		http.SetCookie(w, &http.Cookie{Name: "other", Value: "planted-secret-2", Path: "/"})
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"password":"planted-secret-3","plain":"visible"}`)
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("size"))
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Length", strconv.Itoa(n))
		_, _ = io.WriteString(w, strings.Repeat("x", n))
	})
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		for {
			kind, data, err := c.Read(r.Context())
			if err != nil {
				return
			}
			if c.Write(r.Context(), kind, append(data, data...)) != nil {
				return
			}
		}
	})
	mux.HandleFunc("/", s.page)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Server.Close)
	return s
}

// page serves the pages of a test.
func (s *site) page(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	text, ok := s.pages[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	kind := "text/html; charset=utf-8"
	if strings.HasSuffix(r.URL.Path, ".js") {
		kind = "text/javascript"
	}
	w.Header().Set("Content-Type", kind)
	_, _ = io.WriteString(w, text)
}

func (s *site) put(path, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = text
	return s.URL + path
}

// api answers as it is asked to by ?status=&size=&type=, and notes what it saw.
func (s *site) api(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	body, _ := io.ReadAll(r.Body)
	status, _ := strconv.Atoi(q.Get("status"))
	if status == 0 {
		status = http.StatusOK
	}
	size, _ := strconv.Atoi(q.Get("size"))
	answer := content(q.Get("n"), size, q.Get("type") == "bytes")
	kind := "application/json"
	switch {
	case q.Get("type") == "bytes":
		kind = "application/octet-stream"
	case r.Method == http.MethodHead || status == http.StatusNoContent:
		answer = nil
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(answer)
	s.note(sight{
		method: r.Method, uri: r.RequestURI, status: status, sent: int64(len(answer)), got: int64(len(body)),
		sentSum: sum(answer), gotSum: sum(body), contentType: kind,
	})
}

// content makes an answer: JSON text with characters outside ASCII, or bytes that are
// no text.
func content(n string, size int, binary bool) []byte {
	if binary {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(i*7 + len(n))
		}
		return data
	}
	return []byte(fmt.Sprintf(`{"n":%q,"grüße":"%s"}`, n, strings.Repeat("ä🙂", size/6)))
}

func (s *site) gzip(w http.ResponseWriter, r *http.Request) {
	text := content("zip", 50000, false)
	var b strings.Builder
	z := gzip.NewWriter(&b)
	_, _ = z.Write(text)
	_ = z.Close()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = io.WriteString(w, b.String())
	s.note(sight{method: r.Method, uri: r.RequestURI, status: 200, sent: int64(b.Len()), sentSum: sum(text)})
}

func (s *site) note(x sight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, x)
}

func (s *site) sights() []sight {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[:len(s.seen):len(s.seen)]
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:8])
}
