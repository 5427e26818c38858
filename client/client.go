package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// A Client talks to one server. Its methods are safe for concurrent use.
type Client struct {
	base *url.URL // scheme http or https, no query, no fragment, path without trailing slash
	opts Options
	http *http.Client
	own  bool // http is ours
}

// Dial makes a client for the server at baseURL and asks for its health once, so
// that an address or a token that cannot work shows here and not later. It
// blocks for one request, at most for Options.DialTimeout. No connection has to
// be kept: a server that goes away later is reconnected to by each subscription.
//
// baseURL is an http, https, ws or wss URL, or just host:port for http. A path
// is kept, for servers behind a proxy. A fragment of the form #token=… is taken
// as the token when Options.Token is empty, so that the URL that a server prints
// for the browser works here too.
func Dial(ctx context.Context, baseURL string, opts Options) (*Client, error) {
	c, err := New(baseURL, opts)
	if err != nil {
		return nil, err
	}
	if err := c.probe(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// New makes a client as Dial does, without asking the server anything.
func New(baseURL string, opts Options) (*Client, error) {
	base, token, err := parseBase(baseURL)
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	opts.Token = strings.TrimSpace(firstOf(opts.Token, token))
	if err := checkToken(opts.Token); err != nil {
		return nil, err
	}
	hc, own, err := opts.httpClient()
	if err != nil {
		return nil, err
	}
	c := &Client{base: base, opts: opts, http: hc, own: own}
	if opts.Token != "" && base.Scheme == "http" && !loopback(base.Hostname()) {
		opts.Logger.Warn("token travels unencrypted", "server", base.String())
	}
	return c, nil
}

// URL gives the server's address, without any secret.
func (c *Client) URL() string { return c.base.String() }

// Close lets go of idle connections. Subscriptions are not touched; they end
// with their contexts.
func (c *Client) Close() {
	if c.own {
		c.http.CloseIdleConnections()
	}
}

// probe asks for the server's health. A server without that endpoint is taken
// as it is.
func (c *Client) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.opts.DialTimeout)
	defer cancel()
	_, err := c.Do(ctx, http.MethodGet, "/v1/health", nil, nil)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// parseBase splits an address into its URL and the token in its fragment. Errors
// do not repeat the address: it may hold the token.
func parseBase(s string) (*url.URL, string, error) {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, "", errors.New("read the server's address: not a URL")
	}
	switch u.Scheme {
	case "http", "https":
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	default:
		return nil, "", fmt.Errorf("read the server's address: scheme %q is not http, https, ws or wss", u.Scheme)
	}
	if u.Hostname() == "" {
		return nil, "", errors.New("read the server's address: no host in it")
	}
	if u.User != nil || u.RawQuery != "" {
		return nil, "", errors.New("read the server's address: user names and queries have no place in it")
	}
	fragment, _ := url.ParseQuery(u.Fragment)
	base := &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}
	return base, fragment.Get("token"), nil
}

// checkToken rejects what cannot stand in a header, without repeating it.
func checkToken(token string) error {
	for _, r := range token {
		if r <= ' ' || r > '~' {
			return errors.New("read the token: it holds characters that no token has")
		}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// endpoint gives the URL of a path of the API, which may hold escaped segments.
func (c *Client) endpoint(path string, query url.Values) string {
	u := *c.base
	s := u.String() + path
	if len(query) > 0 {
		// Not every server takes a plus for a blank.
		s += "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
	}
	return s
}

// header gives the headers of a request, a fresh copy.
func (c *Client) header() http.Header {
	h := c.opts.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	if c.opts.Token != "" {
		h.Set("Authorization", "Bearer "+c.opts.Token)
	}
	return h
}
