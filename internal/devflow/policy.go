package devflow

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// policy keeps foreign web pages out: by Origin, and by Host those whose name was
// made to point here (DNS rebinding).
type policy struct {
	origins []string // allowed besides loopback ones, lower case
	hosts   []string // likewise
}

func newPolicy(origins, hosts []string) policy {
	lower := func(list []string) []string {
		list = slices.Clone(list)
		for i := range list {
			list[i] = strings.ToLower(strings.TrimSuffix(list[i], "/"))
		}
		return list
	}
	return policy{origins: lower(origins), hosts: lower(hosts)}
}

// check returns why a request is refused, or nil.
func (p policy) check(r *http.Request) error {
	host := hostname(r.Host)
	if !p.allowsHost(host) {
		return fail(http.StatusForbidden, "host_not_allowed", "this agent is not called %q", bounded(host))
	}
	if origins := r.Header.Values("Origin"); len(origins) > 1 || len(origins) == 1 && !p.allowsOrigin(origins[0]) {
		return fail(http.StatusForbidden, "origin_not_allowed", "pages of %q may not use this agent", bounded(strings.Join(origins, " ")))
	}
	return nil
}

// hostname returns the name of "name", "name:port" or "[address]:port".
func hostname(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// allowsHost: a name that somebody else can point here must be configured. An address
// cannot be pointed anywhere.
func (p policy) allowsHost(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(p.hosts, host) {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

func (p policy) allowsOrigin(origin string) bool {
	if slices.Contains(p.origins, strings.ToLower(origin)) {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	switch strings.ToLower(u.Hostname()) {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return false
}
