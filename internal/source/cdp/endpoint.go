package cdp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// ErrNoTarget says that the browser has nothing that fits.
var ErrNoTarget = errors.New("no such page")

// maxList bounds what is read of a browser's list.
const maxList = 4 << 20

// Target is something that can be looked into, as a browser lists it.
type Target struct {
	ID    string `json:"id"`
	Type  string `json:"type"` // page, webview, iframe, worker and others
	Title string `json:"title"`
	URL   string `json:"url"`
	// Socket is the address of the target's WebSocket. It is empty while
	// another client holds a target that admits only one.
	Socket string `json:"webSocketDebuggerUrl"`
}

// Version is what a browser says of itself.
type Version struct {
	Browser string `json:"Browser"`         // for example Chrome/156.0.8078.79
	Package string `json:"Android-Package"` // of a WebView; else empty
}

// Product returns name and version.
func (v Version) Product() (name, version string) {
	name, version, _ = strings.Cut(v.Browser, "/")
	return name, version
}

// endpoint is the HTTP side of a browser's debug port.
type endpoint struct {
	base *url.URL
	http *http.Client
}

// parseEndpoint reads an address such as http://127.0.0.1:9222.
func parseEndpoint(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("address of the browser: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("address of the browser: %q is not like http://127.0.0.1:9222", address)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, User: u.User}, nil
}

// get reads a JSON document.
func (e *endpoint) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.base.JoinPath(path).String(), nil)
	if err != nil {
		return fmt.Errorf("ask the browser: %w", err)
	}
	resp, err := e.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the browser: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the browser for %s: %s", path, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxList)).Decode(into); err != nil {
		return fmt.Errorf("read the browser's %s: %w", path, err)
	}
	return nil
}

// find returns the target that fits best; ErrNoTarget if there is none.
func (e *endpoint) find(ctx context.Context, wanted string) (Target, error) {
	var list []Target
	if err := e.get(ctx, "/json/list", &list); err != nil {
		return Target{}, err
	}
	t, ok := choose(list, wanted)
	if !ok {
		return Target{}, ErrNoTarget
	}
	return t, nil
}

// choose returns the first of: the target of that id, a page whose URL or title
// contains wanted, any other such target. Without a wish it is the first page that
// is not the browser's own.
func choose(list []Target, wanted string) (Target, bool) {
	usable := slices.DeleteFunc(slices.Clone(list), func(t Target) bool { return t.Socket == "" })
	matches := func(t Target) bool { return fits(t, wanted) }
	rules := []func(Target) bool{
		func(t Target) bool { return t.ID == wanted },
		func(t Target) bool { return isPage(t) && matches(t) },
		matches,
	}
	if wanted == "" {
		rules = []func(Target) bool{func(t Target) bool { return isPage(t) && !internal(t.URL) }}
	}
	for _, rule := range rules {
		if at := slices.IndexFunc(usable, rule); at >= 0 {
			return usable[at], true
		}
	}
	return Target{}, false
}

func fits(t Target, wanted string) bool {
	wanted = strings.ToLower(wanted)
	return strings.Contains(strings.ToLower(t.URL), wanted) || strings.Contains(strings.ToLower(t.Title), wanted)
}

func isPage(t Target) bool { return t.Type == "page" || t.Type == "webview" }

// internal tells whether a page belongs to the browser itself.
func internal(address string) bool {
	for _, scheme := range []string{"devtools:", "chrome-extension:", "chrome-untrusted:"} {
		if strings.HasPrefix(address, scheme) {
			return true
		}
	}
	return false
}

// socket returns the address of a target's WebSocket. The browser names a host that
// may be wrong behind a forwarded port, or another than the one that was allowed, so
// only the path is taken from it.
func (e *endpoint) socket(t Target) (string, error) {
	u, err := url.Parse(t.Socket)
	if err != nil {
		return "", fmt.Errorf("address of target %s: %w", t.ID, err)
	}
	scheme := map[string]string{"http": "ws", "https": "wss"}[e.base.Scheme]
	return (&url.URL{Scheme: scheme, User: e.base.User, Host: e.base.Host, Path: u.Path, RawQuery: u.RawQuery}).String(), nil
}
