package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

func agentOf(t *testing.T, s *fakehelios.Server) *client.Agent {
	t.Helper()
	s.JSON("GET /api/v1/agent/status", map[string]any{"app": map[string]any{"name": "orders"}, "running": true})
	a, err := client.DialAgent(t.Context(), s.URL, quick())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// entries makes log entries with the given numbers as JSON.
func entries(numbers ...int) string {
	var list []string
	for _, n := range numbers {
		list = append(list, fmt.Sprintf(`{"timestamp":"2031-02-27T13:46:%02d.000Z","level":"info","category":"","message":"m%d","source":"native","new":%d}`, n%60, n, n))
	}
	return strings.Join(list, ",")
}

func replayOf(numbers ...int) string {
	return `{"type":"replay","timestamp":"2031-02-27T13:46:40.000Z","data":{"entries":[` + entries(numbers...) + `]}}`
}

func liveOf(number int) string {
	return `{"type":"log","timestamp":"2031-02-27T13:46:40.000Z","data":{"entry":` + entries(number) + `}}`
}

// messages reads log messages until there are n, and how often the connection was
// lost.
func messages(t *testing.T, sub *client.Subscription[client.AgentMessage[devflow.LogEntry]], n int) (got []string, lost int) {
	t.Helper()
	for len(got) < n {
		e, err := sub.Next(t.Context())
		if err != nil {
			t.Fatalf("%v after %v", err, got)
		}
		if e.Gap != nil && !e.Gap.Back() {
			lost++
		}
		for _, item := range e.Value.Items {
			got = append(got, item.Value.Message)
		}
	}
	return got, lost
}

func TestAgentLogsGoOnAfterALoss(t *testing.T) {
	for _, test := range []struct {
		name    string
		replay  int
		first   []string // messages of the first connection
		again   string   // replay of the second
		queries string
		want    string
	}{
		{"where it ended", 2, []string{replayOf(2, 1), liveOf(3)}, replayOf(5, 4, 3, 2, 1), "level=warning&replay=2 level=warning&replay=1000", "m1 m2 m3 m4 m5 m9"},
		{"of a new agent", 2, []string{replayOf(2, 1)}, replayOf(22, 21), "level=warning&replay=2 level=warning&replay=1000", "m1 m2 m21 m22 m9"},
		{"nothing new", 2, []string{replayOf(2, 1)}, replayOf(2, 1), "level=warning&replay=2 level=warning&replay=1000", "m1 m2 m9"},
		{"after nothing", 0, []string{replayOf()}, replayOf(2, 1), "level=warning level=warning&replay=1000", "m1 m2 m9"},
		{"not asked for", -1, nil, "", "level=warning&replay=0 level=warning&replay=0", "m9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := fakehelios.New(t)
			queries := make(chan string, 2)
			taken := make(chan struct{})
			s.Socket(devflow.PathLogs, func(c *fakehelios.Conn) {
				queries <- c.Request.URL.RawQuery
				if s.Opened.Load() == 1 {
					c.Send(test.first...)
					<-taken
					s.CutAll()
					return
				}
				if test.again != "" {
					c.Send(test.again)
				}
				c.Send(liveOf(9))
				c.Wait()
			})
			sub := must[client.AgentMessage[devflow.LogEntry]](t)(agentOf(t, s).Logs(t.Context(), devflow.LogsParams{Level: "warning", Replay: test.replay}))
			defer sub.Close()
			for range test.first {
				if _, err := sub.Next(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			close(taken)
			rest, lost := messages(t, sub, len(strings.Fields(test.want))-strings.Count(strings.Join(test.first, ""), `"message"`))
			all := strings.Fields(test.want)
			if want := all[len(all)-len(rest):]; strings.Join(rest, " ") != strings.Join(want, " ") || lost != 1 {
				t.Errorf("got %v with %d losses, want %v", rest, lost, want)
			}
			if got := <-queries + " " + <-queries; got != test.queries {
				t.Errorf("asked with %s", got)
			}
		})
	}
}

func TestAgentItemsKeepAllMembers(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket(devflow.PathLogs, func(c *fakehelios.Conn) {
		// Unknown messages are no errors; the payload of older agents is at the top.
		c.Send(`{"type":"news","timestamp":"x"}`, `{"type":"replay","timestamp":"x","entries":[`+entries(2, 1)+`]}`)
		c.Wait()
	})
	sub := must[client.AgentMessage[devflow.LogEntry]](t)(agentOf(t, s).Logs(t.Context(), devflow.LogsParams{}))
	defer sub.Close()
	if e, err := sub.Next(t.Context()); err != nil || e.Err != nil || e.Value.Type != "news" || len(e.Value.Items) != 0 {
		t.Errorf("%+v, %v", e, err)
	}
	e, err := sub.Next(t.Context())
	if err != nil || len(e.Value.Items) != 2 {
		t.Fatalf("%+v, %v", e, err)
	}
	var raw map[string]any
	if err := json.Unmarshal(e.Value.Items[0].Raw, &raw); err != nil || raw["new"] != 1.0 {
		t.Errorf("%v, %v", raw, err)
	}
}

func TestAgentNetworkForgetsWithTheAgent(t *testing.T) {
	s := fakehelios.New(t)
	summary := func(id string) string {
		return `{"id":"` + id + `","timestamp":"2031-02-27T13:46:40.000Z","method":"GET","url":"http://a.test/"}`
	}
	s.Socket(devflow.PathNetwork, func(c *fakehelios.Conn) {
		if s.Opened.Load() == 1 {
			c.Send(`{"type":"replay","data":{"entries":[`+summary("b")+`,`+summary("a")+`]}}`, `{"type":"cleared"}`, `{"type":"request","data":{"entry":`+summary("c")+`}}`)
			c.Close(1013, "")
			return
		}
		c.Send(`{"type":"replay","data":{"entries":[` + summary("d") + `,` + summary("c") + `]}}`)
		c.Wait()
	})
	sub := must[client.AgentMessage[devflow.NetworkRequestSummary]](t)(agentOf(t, s).Network(t.Context(), devflow.NetworkParams{Host: "a b"}))
	defer sub.Close()
	var got []string
	for len(got) < 5 {
		e, err := sub.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if e.Value.Type == devflow.TypeCleared {
			got = append(got, "cleared")
		}
		for _, item := range e.Value.Items {
			got = append(got, item.Value.ID)
		}
	}
	if strings.Join(got, " ") != "a b cleared c d" {
		t.Errorf("got %v", got)
	}
}

func TestAgentProfileGoesOnFromItsCursors(t *testing.T) {
	s := fakehelios.New(t)
	queries := make(chan string, 2)
	s.Socket(devflow.PathProfiler, func(c *fakehelios.Conn) {
		queries <- c.Request.URL.RawQuery
		if s.Opened.Load() == 1 {
			c.Send(`{"type":"batch","data":{"sessionId":"s","samples":[{"tsUtc":"x"}],"markers":[],"spans":[],"sampleCursor":7,"markerCursor":0,"spanCursor":2,"isActive":true}}`)
			c.Close(1001, "")
			return
		}
		c.Send(`{"type":"stopped","data":{"sessionId":"s"}}`)
	})
	sub := must[client.AgentMessage[devflow.ProfilerBatch]](t)(agentOf(t, s).Profile(t.Context(), devflow.ProfilerParams{SessionID: "s"}))
	var types []string
	for e, err := range sub.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Gap == nil {
			types = append(types, e.Value.Type)
		}
	}
	if strings.Join(types, " ") != "batch stopped" {
		t.Errorf("got %v", types)
	}
	if first, second := <-queries, <-queries; first != "sessionId=s" || second != "sampleCursor=7&sessionId=s&spanCursor=2" {
		t.Errorf("asked with %s and %s", first, second)
	}
}

func TestAgentRefusals(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket(devflow.PathSensors, func(c *fakehelios.Conn) {
		if c.Query("sensor") == "nope" {
			c.Send(`{"type":"error","data":{"sensor":"nope","message":"unknown sensor"}}`)
			c.Close(1008, "")
			return
		}
		_, command, _ := c.Receive()
		c.Send(`{"type":"error","data":{"sensor":"b","message":"not available"}}`, string(command))
		c.Wait()
	})
	a := agentOf(t, s)
	sub := must[client.AgentMessage[devflow.SensorReading]](t)(a.Sensors(t.Context(), client.AgentSensors{Names: []string{"nope"}}))
	var last error
	for _, err := range sub.All(t.Context()) {
		last = err
	}
	if told := (*client.Error)(nil); !errors.As(last, &told) || told.Op != "nope" || !errors.Is(last, client.ErrNotFound) {
		t.Errorf("got %v", last)
	}
	sub = must[client.AgentMessage[devflow.SensorReading]](t)(a.Sensors(t.Context(), client.AgentSensors{Names: []string{"a", "b"}, Speed: "Game", Throttle: 20 * time.Millisecond}))
	defer sub.Close()
	if e, err := sub.Next(t.Context()); err != nil || e.Err == nil {
		t.Errorf("%+v, %v", e, err)
	}
	e, err := sub.Next(t.Context())
	var command devflow.SensorSubscribe
	if err != nil || json.Unmarshal(e.Value.Raw, &command) != nil || command.Data.Sensor != "b" || command.Data.Speed != "Game" || *command.Data.ThrottleMs != 20 {
		t.Errorf("%s, %v", e.Value.Raw, err)
	}
}

func TestDialAgentAtWhatIsNone(t *testing.T) {
	s := fakehelios.New(t)
	if _, err := client.DialAgent(t.Context(), s.URL, quick()); !errors.Is(err, client.ErrNotFound) || !strings.Contains(err.Error(), "no agent at") {
		t.Errorf("got %v", err)
	}
	s.HTTP("GET /api/v1/agent/status", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	if _, err := client.DialAgent(t.Context(), s.URL, quick()); err == nil || errors.Is(err, client.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func FuzzAgentMessages(f *testing.F) {
	f.Add(replayOf(1, 2))
	f.Add(`{"type":"request","data":{"entry":null}}`)
	f.Add(`{"type":"ble_event","data":{"type":"connected"}}`)
	f.Add(`{"type":"navigation","data":{"to":"/"}}`)
	f.Fuzz(func(t *testing.T, text string) { client.DecodeAgent([]byte(text)) })
}
