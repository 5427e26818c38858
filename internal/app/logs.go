package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/helios"
	"github.com/heliograph/heliograph/internal/source/journal"
	"github.com/heliograph/heliograph/internal/source/kmsg"
	"github.com/heliograph/heliograph/internal/source/logfile"
	"github.com/heliograph/heliograph/internal/source/unit"
)

// Groups of log sources, as the protocol names them.
const (
	groupSystem   = "System"
	groupHelios   = "Helios"
	groupSecurity = "Security"
	groupUnits    = "Units"
	groupFiles    = "Files"
)

// logSources lists all logs that clients may read, in the order in which they
// are shown: the protocol's own list, then what the configuration adds.
func logSources(cfg config.Config, log *slog.Logger) ([]helios.LogSource, helios.UnitStates) {
	c := logList{seen: map[string]bool{}, log: log}
	c.add(wire.LogSource{ID: "journal", Label: "System journal", Group: groupSystem, Kind: wire.LogKindJournal, Important: true},
		journal.New(journal.Options{Logger: log}))
	c.add(wire.LogSource{ID: "dmesg", Label: "Kernel (dmesg)", Group: groupSystem, Kind: wire.LogKindKernel, Important: true},
		kmsg.New(kmsg.Options{}))
	for _, name := range []string{"helios-api", "helios-engine", "helios-peripherals"} {
		c.addUnit(name+".service", name, groupHelios, true)
	}
	c.addUnit("helios-updater.service", "helios-updater", groupHelios, false)
	for _, name := range cfg.Logs.ExtraUnits {
		c.addUnit(name, "", groupUnits, false)
	}
	for _, path := range []string{"/var/log/syslog", "/var/log/messages", "/var/log/kern.log", "/var/log/daemon.log"} {
		c.addIfExists(path, groupSystem)
	}
	c.addIfExists("/var/log/auth.log", groupSecurity)
	for _, f := range cfg.Logs.ExtraFiles {
		c.addFile(f.Path, f.Label, f.Group, f.Important)
	}
	return c.list, unitStates(unit.New(unit.Options{}))
}

// logList is the list while it is made. The first entry of an id wins.
type logList struct {
	list []helios.LogSource
	seen map[string]bool
	log  *slog.Logger
}

func (c *logList) add(s wire.LogSource, r helios.LogReader) {
	if !c.seen[s.ID] {
		c.seen[s.ID] = true
		c.list = append(c.list, helios.LogSource{LogSource: s, Reader: r})
	}
}

func (c *logList) addUnit(name, label, group string, important bool) {
	if label == "" {
		label = strings.TrimSuffix(name, ".service")
	}
	c.add(wire.LogSource{
		ID: "unit:" + name, Label: label, Group: group, Kind: wire.LogKindJournalUnit, Unit: name, Important: important,
	}, journal.New(journal.Options{Unit: name, Logger: c.log}))
}

func (c *logList) addIfExists(path, group string) {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		c.addFile(path, "", group, false)
	}
}

func (c *logList) addFile(path, label, group string, important bool) {
	if label == "" {
		label = filepath.Base(path)
	}
	if group == "" {
		group = groupFiles
	}
	c.add(wire.LogSource{
		ID: "file:" + path, Label: label, Group: group, Kind: wire.LogKindFile, Path: path, Important: important,
	}, logfile.New(logfile.Options{Path: path, Logger: c.log}))
}

// unitStates translates the states of systemd's units.
func unitStates(r *unit.Reader) helios.UnitStates {
	return func(ctx context.Context, units ...string) (map[string]wire.UnitStatus, error) {
		found, err := r.Status(ctx, units...)
		if err != nil {
			return nil, err
		}
		states := make(map[string]wire.UnitStatus, len(found))
		for name, s := range found {
			states[name] = unitStatus(s)
		}
		return states, nil
	}
}

func unitStatus(s unit.Status) wire.UnitStatus {
	out := wire.UnitStatus{
		ActiveState:   s.ActiveState,
		SubState:      s.SubState,
		UnitFileState: s.UnitFileState,
		Description:   s.Description,
	}
	if s.FragmentPath != "" {
		out.FragmentPath = &s.FragmentPath
	}
	if s.MainPID != 0 {
		out.MainPID = &s.MainPID
	}
	if s.LoadState == "loaded" {
		status := int64(s.ExecMainStatus)
		out.ExecMainStatus = &status
	}
	return out
}
