package streams

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// mux is the socket of all channels.
type mux struct {
	*device.Socket
	t *testing.T
}

func dialMux(t *testing.T, d *device.Device) *mux {
	t.Helper()
	return &mux{d.Dial(device.Multiplexed), t}
}

func channel(id, kind string) string { return "streams." + id + "." + kind }

// request sends a request; no payload if it is "".
func (m *mux) request(cmd, payload string) {
	m.t.Helper()
	if payload != "" {
		payload = `,"payload":` + payload
	}
	m.Send(fmt.Sprintf(`{"cmd":%q%s,"sent-at":%q}`, cmd, payload, time.Now().UTC().Format(time.RFC3339Nano)))
}

func (m *mux) close(cmd string) {
	m.t.Helper()
	m.request("channel.close", fmt.Sprintf(`{"cmd":%q}`, cmd))
}

// about tells which channel a message belongs to: that of its envelope, or of which a
// control message tells, or the frames of the stream whose id a binary message has.
func about(m device.Message) string {
	if m.Binary {
		id, err := uuid.FromBytes(m.Data[:min(16, len(m.Data))])
		if err != nil {
			return ""
		}
		return channel(id.String(), "frames")
	}
	e := envelope(m)
	if subject, ok := payload(m)["cmd"].(string); ok && strings.HasPrefix(e.Cmd, "channel.") {
		return subject
	}
	return e.Cmd
}

func envelope(m device.Message) (e wire.Envelope) {
	_ = json.Unmarshal(m.Data, &e) // the harness has checked it
	return e
}

func payload(m device.Message) (o object) {
	_ = json.Unmarshal(envelope(m).Payload, &o)
	return o
}

// of skips what is about other channels.
func (m *mux) of(cmd string) device.Message {
	m.t.Helper()
	return m.Find("a message of "+cmd, func(m device.Message) bool { return about(m) == cmd })
}

// text skips what is about other channels, and frames.
func (m *mux) text(cmd string) device.Message {
	m.t.Helper()
	return m.Find("a text of "+cmd, func(m device.Message) bool { return !m.Binary && about(m) == cmd })
}

func (m *mux) wantFormat(id string, width int) {
	m.t.Helper()
	got := m.of(channel(id, "frames"))
	if p := payload(got); got.Binary || p["type"] != "format" || p["fourcc"] != "MJPG" || p["width"] != float64(width) {
		m.t.Fatalf("want the format, got %.200s", got.Data)
	}
}

// wantEnd skips frames until the channel is told to be closed.
func (m *mux) wantEnd(cmd, reason string) {
	m.t.Helper()
	if got := m.text(cmd); envelope(got).Cmd != "channel.closed" || payload(got)["reason"] != reason {
		m.t.Fatalf("want the end of %s, got %.300s", cmd, got.Data)
	}
}

// 5.5: the format comes in an envelope; each frame is one binary message: 16 bytes with
// the stream's id, then the frame as on a socket of its own. Two streams share a
// connection.
func TestFramesOnTheMultiplexedSocket(t *testing.T) {
	t.Parallel()
	d := start(t)
	ids := []string{create(t, d, camera{}), create(t, d, camera{width: 640, height: 480})}
	alone := d.Dial(socket(ids[0], "frames"))
	alone.Expect("format")
	m := dialMux(t, d)
	last := map[string]uint32{}
	for i, id := range ids {
		m.request(channel(id, "frames"), "")
		m.wantFormat(id, []int{320, 640}[i])
	}
	var some []byte
	for range 80 {
		got := m.Next()
		cmd := about(got)
		if !got.Binary || cmd != channel(ids[0], "frames") && cmd != channel(ids[1], "frames") {
			t.Fatalf("%.200s", got.Data)
		}
		n := number(t, got.Data[16:])
		if n <= last[cmd] {
			t.Errorf("%s: picture %d comes after %d", cmd, n, last[cmd])
		}
		if last[cmd] = n; cmd == channel(ids[0], "frames") {
			some = got.Data[16:]
		}
	}
	if len(last) != 2 {
		t.Errorf("frames of %v", last)
	}
	alone.Find("the same frame on a socket of its own", func(m device.Message) bool { return string(m.Data) == string(some) })
}

// 5.2.3, 5.2.4, 5.5: a second request begins the sequence again with other parameters,
// on the one channel that there is of a stream; after channel.closed no frame comes.
func TestFramesChannelAgainAndClosed(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, processed())
	m, cmd := dialMux(t, d), channel(id, "frames")
	m.request(cmd, "")
	m.wantFormat(id, 160)
	m.of(cmd)
	m.request(cmd, `{"output":"raw","poll_ms":20}`)
	if got := m.text(cmd); payload(got)["type"] != "format" || payload(got)["width"] != 320.0 {
		t.Fatalf("%.200s", got.Data)
	}
	m.of(cmd)
	m.request(cmd, `{"output":"raw","restore":"no"}`) // a wrong type changes nothing
	if got := m.text(cmd); payload(got)["code"] != "invalid_payload" {
		t.Fatalf("%.200s", got.Data)
	}
	number(t, m.of(cmd).Data[16:])
	m.close(cmd)
	m.wantEnd(cmd, "client")
	selected(t, d, id, "frame") // restored
	nothingFor(t, m.Socket, 500*time.Millisecond)
	m.close(cmd)
	if got := m.text(cmd); payload(got)["code"] != "not_open" {
		t.Errorf("%.200s", got.Data)
	}
	m.request(cmd, "") // the same channel can be opened again
	m.wantFormat(id, 160)
	picture(t, m.of(cmd).Data)
}

// picture checks that there is a picture behind the id; resized ones have no bar that
// can be read.
func picture(t *testing.T, data []byte) { t.Helper(); size(t, data[16:]) }

// 5.2.5, 3.10, 3.11: deletion ends the channels with their errors and leaves the
// connection open.
func TestDeletionOnTheMultiplexedSocket(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	m, frames, figures := dialMux(t, d), channel(id, "frames"), channel(id, "metrics")
	m.request(frames, "")
	m.wantFormat(id, 320)
	m.request(figures, "")
	if got := m.text(figures); payload(got)["metrics"] == nil {
		t.Fatalf("%.200s", got.Data)
	}
	remove(t, d, id)
	seen := map[string]int{}
	for len(seen) < 4 {
		switch got := m.Next(); {
		case got.Binary, payload(got)["metrics"] != nil:
		case envelope(got).Cmd == "channel.closed" && payload(got)["reason"] == "error":
			seen["closed "+about(got)] = len(seen)
		case strings.EqualFold(fmt.Sprint(payload(got)["error"]), "stream not found"):
			seen["error "+about(got)] = len(seen)
		default:
			t.Fatalf("%.300s", got.Data)
		}
	}
	for _, cmd := range []string{frames, figures} {
		if seen["error "+cmd] > seen["closed "+cmd] {
			t.Errorf("the order is %v", seen)
		}
	}
	m.Ping()
	m.request("devices.updates", "")
	if got := m.text("devices.updates"); payload(got)["type"] != "ready" {
		t.Errorf("%.200s", got.Data)
	}
}

// 5.2.3: a request for open metrics only takes over the interval, and one without
// payload the default.
func TestMetricsOnTheMultiplexedSocket(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := create(t, d, camera{})
	m, cmd := dialMux(t, d), channel(id, "metrics")
	m.request(cmd, `{"interval_ms":10000}`)
	at := func(got device.Message) float64 { ms, _ := payload(got)["timestamp_ms"].(float64); return ms }
	last := at(m.text(cmd))
	for _, bad := range []string{`{"interval_ms":"250"}`, `[]`, `{"interval_ms":-1}`} {
		m.request(cmd, bad)
		if got := m.text(cmd); envelope(got).Cmd != "channel.error" || payload(got)["code"] != "invalid_payload" {
			t.Errorf("%s: %.200s", bad, got.Data)
		}
	}
	m.Ping()
	nothingFor(t, m.Socket, 700*time.Millisecond)
	m.request(cmd, `{"interval_ms":250}`)
	for range 4 {
		now := at(m.text(cmd))
		if now-last < 240 {
			t.Errorf("%v ms after the last", now-last)
		}
		last = now
	}
	m.request(cmd, "") // 1000 ms
	for i := range 4 {
		now := at(m.text(cmd))
		if i > 0 && now-last < 970 {
			t.Errorf("%v ms after the last", now-last)
		}
		last = now
	}
	m.close(cmd)
	m.wantEnd(cmd, "client")
}
