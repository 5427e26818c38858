package config

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Logs belongs to the log sources: what can be followed besides the journal,
// its units and the kernel's messages. Nothing outside this list can be opened.
type Logs struct {
	// ExtraFiles are files to offer.
	ExtraFiles []LogFile `yaml:"extra_files"`
	// ExtraUnits are units to offer that would not be listed by themselves.
	ExtraUnits []string `yaml:"extra_units"`
}

// LogFile is one file to offer.
type LogFile struct {
	// Path is absolute. The file need not exist yet.
	Path string `yaml:"path"`
	// Label is its name for people; empty means the path.
	Label string `yaml:"label"`
	// Group is the heading it is listed under; empty means Files.
	Group string `yaml:"group"`
	// Important lists it first.
	Important bool `yaml:"important"`
}

// maxLogSources bounds extra files and units, each.
const maxLogSources = 256

func defaultLogs() Logs {
	return Logs{ExtraFiles: []LogFile{}, ExtraUnits: []string{}}
}

func (l *Logs) check(p *problems) {
	if len(l.ExtraFiles) > maxLogSources {
		p.add("logs.extra_files", "at most %d files, there are %d", maxLogSources, len(l.ExtraFiles))
	}
	if len(l.ExtraUnits) > maxLogSources {
		p.add("logs.extra_units", "at most %d units, there are %d", maxLogSources, len(l.ExtraUnits))
	}
	seen := make(map[string]bool)
	for i, f := range l.ExtraFiles {
		key := fmt.Sprintf("logs.extra_files[%d].path", i)
		switch {
		case !filepath.IsAbs(f.Path) || filepath.Clean(f.Path) != f.Path:
			p.add(key, "%q is no absolute path without detours", f.Path)
		case seen[f.Path]:
			p.add(key, "%q is listed twice", f.Path)
		}
		seen[f.Path] = true
	}
	for i, unit := range l.ExtraUnits {
		// A name that begins with a hyphen would be an option of journalctl.
		if unit == "" || len(unit) > 255 || strings.HasPrefix(unit, "-") || strings.ContainsAny(unit, " \t\r\n/*?[") {
			p.add(fmt.Sprintf("logs.extra_units[%d]", i), "%q is no name of a unit, such as ssh.service", unit)
		}
	}
}
