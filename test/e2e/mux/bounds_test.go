package mux

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// 5.2: at most 32 channels. Only the channels of streams have so many names, and
// those end at once while there is no stream, unless the client does not read
// their last messages: so it can be reached with a client that first lets a long
// log fill the connection.
func TestTooManyChannels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long.log")
	var text strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&text, "%s %s\n", lineText(i), strings.Repeat("x", 3<<10))
	}
	appendText(t, path, text.String())
	d := start(t, "--log-file", path)
	p := dialWith(t, d, device.DialOptions{Manual: true, ReceiveBuffer: 4096})
	p.request("logs.stream", object{"source": "file:" + path, "lines": 2000})
	ctx, cancel := context.WithTimeout(t.Context(), device.Patience)
	defer cancel()
	for range 2 { // ready and the first line
		if _, err := p.Read(ctx); err != nil {
			t.Fatal(err)
		}
	}
	last, same := -1.0, 0
	device.Poll(t, "the connection to be full", func() bool {
		sent := gauges(t, d)["heliograph_websocket_writes_total"]
		if same++; sent != last {
			last, same = sent, 0
		}
		return same > 20
	})
	const requests = 150
	for i := range requests {
		p.request(fmt.Sprintf("streams.6f1c1d1e-2a3b-4c5d-8e9f-%012d.metrics", i))
	}
	kinds, lines := map[string]int{}, 1
	for kinds["closed error"]+kinds["error too_many_channels"] < requests || lines < 2000 {
		m, err := p.Read(ctx)
		if err != nil {
			t.Fatalf("after %v and %d lines: %v", kinds, lines, err)
		}
		e := event{}
		if err := json.Unmarshal(m.Data, &e); err != nil {
			t.Fatal(err)
		}
		if e.Cmd == "logs.stream" {
			if e.kind() == "line" && !strings.HasPrefix(e.text("line"), lineText(lines)+" ") {
				t.Fatalf("line %d is %.40s", lines, e.text("line"))
			} else if e.kind() == "line" {
				lines++
			}
			continue
		}
		kinds[e.kind()]++
	}
	if kinds["error too_many_channels"] == 0 {
		t.Errorf("all %d channels could be opened: %v", requests, kinds)
	}
	t.Log(kinds)
}

// makeToken makes a token of a scope, as its owner does on the command line.
func makeToken(t *testing.T, d *device.Device, scope string) string {
	t.Helper()
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "token", "create", "test-"+scope, "--scope", scope, "--state-dir", d.StateDir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// 5.2: a channel for which the client has no right is forbidden; the others are
// not.
func TestForbidden(t *testing.T) {
	d := start(t)
	for _, c := range []struct {
		name   string
		header http.Header
		may    bool
	}{
		{"view", http.Header{"Authorization": {"Bearer " + makeToken(t, d, "view")}}, false},
		{"control", http.Header{"Authorization": {"Bearer " + makeToken(t, d, "control")}}, false},
		{"console", http.Header{"Authorization": {"Bearer " + makeToken(t, d, "console")}}, true},
		{"page of another port", http.Header{"Origin": {"http://127.0.0.1:1"}}, false},
		{"own page", http.Header{"Origin": {d.URL}}, true},
	} {
		p := dialWith(t, d, device.DialOptions{Header: c.header})
		p.request("device.telemetry")
		p.want("device.telemetry", "")
		for _, payload := range []any{object{"type": "open"}, object{"type": "input", "data": "id\n"}, nil} {
			if payload == nil {
				p.request(console)
			} else {
				p.request(console, payload)
			}
			e := p.of(console)
			if c.may {
				if e.kind() != "ready" {
					t.Errorf("%s: %s", c.name, e)
				}
				break
			}
			if e.kind() != "error forbidden" || e.text("message") == "" {
				t.Errorf("%s: %s", c.name, e)
			}
			p.SendBinary([]byte("id\n"))
			p.want("", "error not_open")
		}
	}
	if sessions := sessionsOf(d); len(sessions) != 2 {
		t.Errorf("%d shells were started, want 2", len(sessions))
	}
}

// sessionsOf returns the ids of all console sessions, the one used last first.
func sessionsOf(d *device.Device) (ids []string) {
	var list struct {
		Sessions []struct {
			ID string `json:"session_id"`
		}
	}
	d.JSON(d.Get("/v1/console/sessions"), &list)
	for _, s := range list.Sessions {
		ids = append(ids, s.ID)
	}
	return ids
}
