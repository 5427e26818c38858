// Package journald starts a private systemd-journald for tests: the real daemon
// in a journal namespace of its own, which touches neither the journal of the
// machine nor /dev/log. It keeps its files below /run.
package journald

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	daemon = "/lib/systemd/systemd-journald"
	// patience is how long the daemon may take for anything.
	patience = 20 * time.Second
)

// Journal is a running journald.
type Journal struct {
	t         testing.TB
	namespace string
	cmd       *exec.Cmd
	conn      *net.UnixConn
}

// Start starts a journald that is stopped, with all its files removed, when the
// test ends. Where the daemon cannot run (no systemd package, no root) the test
// is skipped, and fails if the environment has CI=true.
func Start(t testing.TB) *Journal {
	t.Helper()
	if os.Geteuid() != 0 {
		missing(t, "a private journald needs root")
	}
	if _, err := os.Stat(daemon); err != nil {
		missing(t, "package systemd is missing: "+err.Error())
	}
	var id [6]byte
	_, _ = rand.Read(id[:])
	j := &Journal{t: t, namespace: "hgtest" + hex.EncodeToString(id[:])}
	t.Cleanup(j.remove)
	config := j.configFolder()
	// Volatile: nothing on disk. No rate limit: tests send in bursts.
	text := "[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\nRuntimeMaxUse=64M\n"
	if err := os.MkdirAll(config, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(config, "test.conf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	j.Resume()
	return j
}

func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// Namespace returns the name of the journal's namespace.
func (j *Journal) Namespace() string { return j.namespace }

// Args returns what makes journalctl read this journal.
func (j *Journal) Args() []string { return []string{"--namespace=" + j.namespace} }

func (j *Journal) configFolder() string {
	return "/run/systemd/journald@" + j.namespace + ".conf.d"
}

func (j *Journal) socketFolder() string { return "/run/systemd/journal." + j.namespace }

// Resume starts the daemon again after Stop. It returns when entries are
// accepted.
func (j *Journal) Resume() {
	j.t.Helper()
	j.cmd = exec.Command(daemon, j.namespace)
	if err := j.cmd.Start(); err != nil {
		j.t.Fatal(err)
	}
	// It opens the socket that journalctl asks for a sync after that for entries.
	Poll(j.t, "journald to take requests", func() bool {
		conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: j.socketFolder() + "/io.systemd.journal"})
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	})
	Poll(j.t, "journald to accept entries", func() bool {
		conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Net: "unixgram", Name: j.socketFolder() + "/socket"})
		if err != nil {
			return false
		}
		j.conn = conn
		return true
	})
	j.ctl("--sync")
}

// Stop ends the daemon in an orderly way and waits for it.
func (j *Journal) Stop() { j.end(unix.SIGTERM) }

// Kill ends the daemon at once and waits for it.
func (j *Journal) Kill() { j.end(unix.SIGKILL) }

func (j *Journal) end(signal unix.Signal) {
	if j.cmd == nil || j.cmd.Process == nil {
		return
	}
	if j.conn != nil {
		j.conn.Close()
	}
	_ = j.cmd.Process.Signal(signal)
	_ = j.cmd.Wait() // says only that it was killed
	j.cmd, j.conn = nil, nil
	// The sockets stay behind, and a sender would find them dead.
	_ = os.RemoveAll(j.socketFolder())
}

func (j *Journal) remove() {
	j.Stop()
	for _, pattern := range []string{j.configFolder(), j.socketFolder(), "/run/log/journal/*." + j.namespace, "/var/log/journal/*." + j.namespace} {
		found, _ := filepath.Glob(pattern) // fails for a bad pattern only
		for _, path := range found {
			_ = os.RemoveAll(path)
		}
	}
}

// Send stores one entry made of fields, pairs of a name and a value. A name may
// occur several times. It returns when the entry can be read.
func (j *Journal) Send(fields ...string) {
	j.t.Helper()
	j.SendAsync(fields...)
	j.Sync()
}

// SendAsync is like Send, but does not wait until the entry can be read. An
// entry is at most about 200 kB.
func (j *Journal) SendAsync(fields ...string) {
	j.t.Helper()
	var b []byte
	for i := 0; i+1 < len(fields); i += 2 {
		// The form with a length takes any bytes.
		b = append(b, fields[i]...)
		b = append(b, '\n')
		b = binary.LittleEndian.AppendUint64(b, uint64(len(fields[i+1])))
		b = append(b, fields[i+1]...)
		b = append(b, '\n')
	}
	if _, err := j.conn.Write(b); err != nil {
		j.t.Fatalf("send to journald: %v", err)
	}
}

// Log stores a message of a program called heliotest.
func (j *Journal) Log(priority int, message string) {
	j.t.Helper()
	j.Send("MESSAGE", message, "PRIORITY", strconv.Itoa(priority), "SYSLOG_IDENTIFIER", "heliotest")
}

// LogUnit stores a message that journalctl attributes to a unit.
func (j *Journal) LogUnit(unit, message string) {
	j.t.Helper()
	j.Send("MESSAGE", message, "PRIORITY", "6", "SYSLOG_IDENTIFIER", "heliotest", "OBJECT_SYSTEMD_UNIT", unit)
}

// Sync waits until everything sent so far can be read.
func (j *Journal) Sync() { j.t.Helper(); j.ctl("--sync") }

// Rotate makes the daemon archive its files and begin new ones.
func (j *Journal) Rotate() { j.t.Helper(); j.ctl("--rotate") }

// Vacuum removes all archived files.
func (j *Journal) Vacuum() { j.t.Helper(); j.ctl("--vacuum-files=1") }

func (j *Journal) ctl(args ...string) {
	j.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "journalctl", append(j.Args(), args...)...).CombinedOutput()
	if err != nil {
		j.t.Fatalf("journalctl %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// Poll waits until ready returns true, and fails the test if that takes longer
// than 20 s.
func Poll(t testing.TB, what string, ready func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ready(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal(fmt.Errorf("timed out waiting for %s", what))
		}
	}
}
