package config

// Flags are the settings of the command line, which win over the file. A zero
// field changes nothing.
type Flags struct {
	// Listen replaces the list of the file.
	Listen []string
	// StateDir replaces the directory of the file.
	StateDir string
	// LogFiles are added to the files to offer, unless listed already.
	LogFiles []string
	// AllowHosts and AllowOrigins are added to those of the file.
	AllowHosts, AllowOrigins []string
	// Simulate replaces the list of the file.
	Simulate []string
	// InsecureNoAuth turns authentication off; it cannot turn it on.
	InsecureNoAuth bool
}

// Apply puts the flags over the settings. Call Check afterwards.
func (c *Config) Apply(f Flags) {
	if len(f.Listen) > 0 {
		c.Listen = f.Listen
	}
	if f.StateDir != "" {
		c.StateDir = f.StateDir
	}
	if len(f.Simulate) > 0 {
		c.Simulate = f.Simulate
	}
	for _, path := range f.LogFiles {
		if !c.Logs.has(path) {
			c.Logs.ExtraFiles = append(c.Logs.ExtraFiles, LogFile{Path: path})
		}
	}
	c.Auth.AllowHosts = append(c.Auth.AllowHosts, f.AllowHosts...)
	c.Auth.AllowOrigins = append(c.Auth.AllowOrigins, f.AllowOrigins...)
	c.Auth.InsecureNoAuth = c.Auth.InsecureNoAuth || f.InsecureNoAuth
}

func (l *Logs) has(path string) bool {
	for _, f := range l.ExtraFiles {
		if f.Path == path {
			return true
		}
	}
	return false
}
