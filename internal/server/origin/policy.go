package origin

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

var (
	// ErrHost is what CheckHost answers when the name in the Host header is not
	// one of the device.
	ErrHost = errors.New("this device does not answer to the name in the Host header")
	// ErrOrigin is what CheckOrigin answers when another site is behind the request.
	ErrOrigin = errors.New("requests from this origin are refused")
)

// Policy says which names the device answers to and which pages may use it. Its
// methods are safe for concurrent use and never block.
type Policy struct {
	hosts   []string // exact names, or ".example.org" for everything below
	origins []Origin
	names   func() string // the device's host name, asked each time: it may change
}

// NewPolicy makes a policy from the configured names and origins. A name may
// start with "*." to mean everything below it. hostname returns the device's
// own name; it is called for requests that no other rule lets through, and may
// return the empty string.
func NewPolicy(allowHosts, allowOrigins []string, hostname func() string) (*Policy, error) {
	p := &Policy{names: hostname}
	for _, text := range allowHosts {
		name, err := parseAllowedHost(text)
		if err != nil {
			return nil, err
		}
		p.hosts = append(p.hosts, name)
	}
	for _, text := range allowOrigins {
		o, err := ParseOrigin(text)
		if err != nil {
			return nil, fmt.Errorf("allowed %w", err)
		}
		p.origins = append(p.origins, o)
	}
	return p, nil
}

func parseAllowedHost(text string) (string, error) {
	name, wild := strings.CutPrefix(text, "*.")
	h, err := ParseHost(name)
	if err != nil {
		return "", fmt.Errorf("allowed host %q: %w", text, err)
	}
	switch {
	case h.Port != "":
		return "", fmt.Errorf("allowed host %q: leave the port out, the name counts for every port", text)
	case wild && h.IP.IsValid():
		return "", fmt.Errorf("allowed host %q: an address has nothing below it", text)
	case wild:
		return "." + h.Name, nil
	}
	return h.Name, nil
}

// CheckHost returns the host that the request is meant for. It accepts
// localhost, IP addresses (a page cannot rebind one), the device's own names
// (hostname, its first part, each also with .local) and configured names. The
// error matches ErrHost and is a sentence for the client.
func (p *Policy) CheckHost(header string) (Host, error) {
	h, err := ParseHost(header)
	if err != nil {
		return Host{}, fmt.Errorf("%w: %w", ErrHost, err)
	}
	if h.Name == "localhost" || h.IP.IsValid() || p.configured(h.Name) || p.own(h.Name) {
		return h, nil
	}
	return Host{}, fmt.Errorf("%w: %q; use its address or its host name, or start it with --allow-host %s", ErrHost, h.Name, h.Name)
}

func (p *Policy) configured(name string) bool {
	return slices.ContainsFunc(p.hosts, func(allowed string) bool {
		return name == allowed || (allowed[0] == '.' && strings.HasSuffix(name, allowed))
	})
}

func (p *Policy) own(name string) bool {
	return slices.Contains(OwnNames(p.names()), name)
}

// OwnNames returns the names under which a device with this host name is known,
// in lower case: the name, its first part, and both with .local.
func OwnNames(hostname string) []string {
	h, err := ParseHost(hostname)
	if err != nil || h.IP.IsValid() || h.Port != "" {
		return nil
	}
	short, _, _ := strings.Cut(h.Name, ".")
	names := []string{h.Name, short, short + ".local"}
	if !strings.HasSuffix(h.Name, ".local") {
		names = append(names, h.Name+".local")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Relation says where a request comes from.
type Relation int

// The relations that CheckOrigin accepts.
const (
	// NoPage is a program, or a browser that was not asked by a page of another
	// origin to do this.
	NoPage Relation = iota
	// SameOrigin is a page that this very server delivered.
	SameOrigin
	// SameHost is a page that another port of the same host delivered; all loopback
	// names and addresses are one host.
	SameHost
	// Configured is a page of an origin that the user allowed.
	Configured
)

// CheckOrigin tells whether the page behind a request may make it. host is the
// result of CheckHost and secure says whether the request came over TLS. The
// error matches ErrOrigin and is a sentence for the client.
func (p *Policy) CheckOrigin(r *http.Request, host Host, secure bool) (Relation, error) {
	values := r.Header.Values("Origin")
	switch {
	case len(values) > 1:
		return 0, fmt.Errorf("%w: there are %d Origin headers", ErrOrigin, len(values))
	case len(values) == 0:
		return p.checkFetchSite(r)
	}
	o, err := ParseOrigin(values[0])
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrOrigin, err)
	}
	switch {
	case slices.Contains(p.origins, o):
		return Configured, nil
	case o.Host.Name != host.Name && !(o.Host.Loopback() && host.Loopback()):
		return 0, fmt.Errorf("%w: %s; start the server with --allow-origin %s if the page is yours", ErrOrigin, values[0], values[0])
	case o.Host.Name == host.Name && o.Host.Port == portOr(host.Port, scheme(secure)) && o.Scheme == scheme(secure):
		return SameOrigin, nil
	}
	return SameHost, nil
}

func scheme(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}

// checkFetchSite judges a request without Origin. Browsers leave it out for
// simple GET requests of a page (images, scripts, links) and tell the relation
// in Sec-Fetch-Site. Following a link to the device is fine, everything else
// from another site is not.
func (p *Policy) checkFetchSite(r *http.Request) (Relation, error) {
	site := r.Header.Get("Sec-Fetch-Site")
	switch site {
	case "", "none":
		return NoPage, nil
	case "same-origin":
		return SameOrigin, nil
	}
	link := (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	switch {
	case link, site == "same-site":
		return SameHost, nil
	}
	return 0, fmt.Errorf("%w: a page of another site asked for this", ErrOrigin)
}
