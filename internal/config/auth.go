package config

import (
	"fmt"

	"github.com/heliograph/heliograph/internal/server/origin"
)

// Auth belongs to the server: who may come in.
type Auth struct {
	// AllowHosts are names in Host headers that are accepted besides the
	// device's own; "*.example.org" means everything below example.org.
	AllowHosts []string `yaml:"allow_hosts"`
	// AllowOrigins are origins of pages from elsewhere that may use the device.
	AllowOrigins []string `yaml:"allow_origins"`
	// InsecureNoAuth asks nobody for a token.
	InsecureNoAuth bool `yaml:"insecure_no_auth"`
}

func defaultAuth() Auth {
	return Auth{AllowHosts: []string{}, AllowOrigins: []string{}}
}

func (a *Auth) check(p *problems) {
	for i, host := range a.AllowHosts {
		if _, err := origin.NewPolicy([]string{host}, nil, nil); err != nil {
			p.add(fmt.Sprintf("auth.allow_hosts[%d]", i), "%v", err)
		}
	}
	for i, o := range a.AllowOrigins {
		if _, err := origin.NewPolicy(nil, []string{o}, nil); err != nil {
			p.add(fmt.Sprintf("auth.allow_origins[%d]", i), "%v", err)
		}
	}
}
