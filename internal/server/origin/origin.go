package origin

import (
	"fmt"
	"strings"
)

// Origin is a web origin: scheme, host, port.
type Origin struct {
	Scheme string // "http" or "https"
	Host   Host   // Port is filled in also where it was left out
}

// ParseOrigin reads an Origin header or a configured origin. "null" is an
// error, as are other schemes, paths and anything else behind the port.
func ParseOrigin(s string) (Origin, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	if !ok || (scheme != "http" && scheme != "https") {
		return Origin{}, fmt.Errorf("origin %.100q: it has the form http://host or https://host:port", s)
	}
	host, err := ParseHost(rest)
	if err != nil {
		return Origin{}, fmt.Errorf("origin %.100q: %w", s, err)
	}
	host.Port = portOr(host.Port, scheme)
	return Origin{Scheme: scheme, Host: host}, nil
}

func portOr(port, scheme string) string {
	switch {
	case port != "":
		return port
	case scheme == "https":
		return "443"
	default:
		return "80"
	}
}
