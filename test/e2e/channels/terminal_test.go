package channels

import (
	"fmt"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// terminal is a person in front of a console.
type terminal struct {
	*device.Socket
	t     *testing.T
	d     *device.Device
	ready wire.ConsoleReady
	seen  strings.Builder // all output so far
	read  int             // how much of it expect has passed
}

// open starts a shell, or attaches to one; query is without the question mark.
func open(t *testing.T, d *device.Device, query string) *terminal {
	t.Helper()
	s := d.Dial("/v1/ws/console?" + query)
	return &terminal{Socket: s, t: t, d: d, ready: decode[wire.ConsoleReady](t, s.Expect("ready"))}
}

// attach opens another viewer of the same shell.
func (c *terminal) attach() *terminal {
	c.t.Helper()
	return open(c.t, c.d, "sessionId="+c.ready.SessionID)
}

func (c *terminal) run(command string) {
	c.t.Helper()
	c.input(command + "\r")
}

func (c *terminal) input(data string) {
	c.t.Helper()
	c.SendJSON(map[string]any{"type": "input", "data": data})
}

// expect waits for a text in the output behind what was expected before. It must
// not be in the command itself, which the terminal echoes.
func (c *terminal) expect(text string) {
	c.t.Helper()
	for {
		if i := strings.Index(c.seen.String()[c.read:], text); i >= 0 {
			c.read += i + len(text)
			return
		}
		m, err := c.TryNext(device.Patience)
		if err != nil || m.Type() != "output" {
			c.t.Fatalf("waiting for %q: %s %v after %q", text, m.Data, err, c.seen.String())
		}
		c.take(m)
	}
}

// take adds an output message to what was seen.
func (c *terminal) take(m device.Message) string {
	c.t.Helper()
	data := decode[wire.ConsoleOutput](c.t, m).Data
	if data == "" || len(data) > 4096 {
		c.t.Errorf("an output message of %d bytes", len(data))
	}
	c.seen.WriteString(data)
	return data
}

// expectExit skips output and returns the exit message, which must be the last.
func (c *terminal) expectExit() (code any) {
	c.t.Helper()
	m := c.Find("exit", func(m device.Message) bool {
		if m.Type() == "output" {
			c.take(m)
		}
		return m.Type() == "exit"
	}).Map()
	code, there := m["code"]
	if !there {
		c.t.Errorf("exit without a code: %v", m)
	}
	if m, err := c.TryNext(device.Patience); err == nil {
		c.t.Errorf("after exit: %s", m.Data)
	}
	wantClose(c.t, c.Socket, 1000)
	return code
}

// sessions returns what the list tells, by id.
func sessions(t *testing.T, d *device.Device) map[string]wire.ConsoleSessionSummary {
	t.Helper()
	var list wire.ConsoleSessions
	d.JSON(d.Get("/v1/console/sessions"), &list)
	byID := map[string]wire.ConsoleSessionSummary{}
	for _, s := range list.Sessions {
		byID[s.SessionID] = s
	}
	return byID
}

func (c *terminal) summary() wire.ConsoleSessionSummary {
	c.t.Helper()
	s, there := sessions(c.t, c.d)[c.ready.SessionID]
	if !there {
		c.t.Fatalf("session %s is not listed", c.ready.SessionID)
	}
	return s
}

func (c *terminal) delete() {
	c.t.Helper()
	if r := c.d.Ask("DELETE", "/v1/console/sessions/"+c.ready.SessionID, ""); r.Status != 204 {
		c.t.Errorf("delete: %d %s", r.Status, r.Body)
	}
}

// pid returns the process id of the shell.
func (c *terminal) pid() (pid int) {
	c.t.Helper()
	c.run(`echo "pid"=$$=`)
	c.expect("pid=")
	c.expect("=")
	text := c.seen.String()[:c.read]
	text = text[strings.LastIndex(text, "pid=")+4:]
	if _, err := fmt.Sscanf(text, "%d=", &pid); err != nil {
		c.t.Fatalf("%q: %v", text, err)
	}
	return pid
}
