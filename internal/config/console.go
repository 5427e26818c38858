package config

import "path/filepath"

// Console belongs to the shells.
type Console struct {
	// Disabled offers no shells at all, to nobody.
	Disabled bool `yaml:"disabled"`
	// Shell is the program to run; empty means $SHELL, else /bin/bash, else /bin/sh.
	Shell string `yaml:"shell"`
	// MaxSessions bounds the sessions with a living shell.
	MaxSessions int `yaml:"max_sessions"`
}

func defaultConsole() Console { return Console{MaxSessions: 16} }

func (c *Console) check(p *problems) {
	if c.Shell != "" && !filepath.IsAbs(c.Shell) {
		p.add("console.shell", "%q is no absolute path", c.Shell)
	}
	if c.MaxSessions < 1 || c.MaxSessions > 1024 {
		p.add("console.max_sessions", "%d is not between 1 and 1024; to offer no shells set console.disabled", c.MaxSessions)
	}
}
