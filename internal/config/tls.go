package config

// TLS belongs to the server: encryption of all listeners.
type TLS struct {
	// Enabled serves https instead of http.
	Enabled bool `yaml:"enabled"`
	// CertFile and KeyFile are PEM files, read again when they change. Without
	// them the server signs a certificate itself.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
}

func defaultTLS() TLS { return TLS{} }

func (t *TLS) check(p *problems) {
	switch {
	case t.CertFile != "" && t.KeyFile == "":
		p.add("tls.key_file", "tls.cert_file is set, so this must be too")
	case t.CertFile == "" && t.KeyFile != "":
		p.add("tls.cert_file", "tls.key_file is set, so this must be too")
	case t.CertFile != "" && !t.Enabled:
		p.add("tls.enabled", "a certificate is given but TLS is off: set this to true or remove tls.cert_file and tls.key_file")
	}
}
