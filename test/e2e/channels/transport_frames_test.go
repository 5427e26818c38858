package channels

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// 2.2: channels without input read and ignore whatever a client sends.
func TestInputIsIgnored(t *testing.T) {
	d := start(t)
	for _, path := range []string{"/v1/ws/telemetry?interval_ms=250", "/v1/ws/devices", "/v1/ws/updates?heartbeat_ms=1000", "/v1/ws/logs?source=dmesg", "/v1/ws/processes?interval_ms=250"} {
		s := d.Dial(path)
		s.Next()
		for _, text := range []string{"", "x", "unsubscribe", `{"op":"subscribe"}`, `{"type":"input","data":"x"}`, strings.Repeat("y", 64<<10)} {
			s.Send(text)
			s.SendBinary([]byte(text))
		}
		s.Ping() // all of it was read
		for _, m := range s.Pending() {
			if m.Type() == "error" {
				t.Errorf("%s: %s", path, m.Data)
			}
		}
		if _, err := s.TryNext(0); err != nil && !errors.Is(err, device.ErrQuiet) {
			t.Errorf("%s: %v", path, err)
		}
		s.Drop()
	}
}

// 2.2: a ping is answered with its payload.
func TestPong(t *testing.T) {
	d := start(t)
	for _, path := range sockets() {
		if strings.Contains(path, "streams/") || strings.HasSuffix(path, "/ota") {
			continue // closed at once: there is nothing behind them
		}
		raw := d.DialRaw(path)
		raw.Write(ws.OpPing, []byte("are you there?"))
		if got := raw.Find(ws.OpPong); string(got) != "are you there?" {
			t.Errorf("%s: pong %q", path, got)
		}
		raw.Conn.Close()
	}
}

// 2.2: a message of 64 KiB is taken, one above 1 MiB is answered with 1009, in
// one frame or in many, also where input is ignored.
func TestInboundSize(t *testing.T) {
	d := start(t)
	s := d.Dial("/v1/ws/sensors")
	s.Send(`{"op":"subscribe","kinds":["` + strings.Repeat(" ", 64<<10) + `imu"]}`)
	if m := s.Next().Map(); m["imu"] == nil {
		t.Errorf("64 KiB: %v", m)
	}
	s.Send(strings.Repeat("x", 1<<20))
	wantText(t, s.Next(), "operation", "client_message")
	for _, path := range []string{"/v1/ws/sensors", "/v1/ws/telemetry", "/v1/ws/console", "/v1/ws"} {
		raw := d.DialRaw(path)
		raw.Write(ws.OpText, bytes.Repeat([]byte("x"), 1<<20+1))
		wantRawClose(t, path, raw, ws.StatusMessageTooBig)

		raw = d.DialRaw(path)
		part := bytes.Repeat([]byte("x"), 256<<10)
		raw.WriteFrame(ws.NewFrame(ws.OpText, false, part))
		for range 3 {
			raw.WriteFrame(ws.NewFrame(ws.OpContinuation, false, part))
		}
		raw.WriteFrame(ws.NewFrame(ws.OpContinuation, true, []byte("x")))
		wantRawClose(t, path+" in parts", raw, ws.StatusMessageTooBig)
	}
}

func wantRawClose(t *testing.T, what string, raw *device.Raw, want ws.StatusCode) {
	t.Helper()
	if code, reason := ws.ParseCloseFrameData(raw.Find(ws.OpClose)); code != want {
		t.Errorf("%s: closed with %d %q, want %d", what, code, reason, want)
	}
}

// 2.2: frames that break RFC 6455 end the socket with the code that it names,
// and nobody else is hurt.
func TestBrokenFrames(t *testing.T) {
	d := start(t)
	bystander := d.Dial("/v1/ws/telemetry?interval_ms=250")
	write := func(path string, frame []byte) *device.Raw {
		raw := d.DialRaw(path)
		if _, err := raw.Conn.Write(frame); err != nil {
			t.Fatal(err)
		}
		return raw
	}
	masked := func(f ws.Frame) []byte { return ws.MustCompileFrame(ws.MaskFrame(f)) }
	for _, path := range []string{"/v1/ws/telemetry", "/v1/ws/console", "/v1/ws"} {
		for name, c := range map[string]struct {
			frame []byte
			want  ws.StatusCode
		}{
			"unmasked":          {ws.MustCompileFrame(ws.NewTextFrame([]byte("x"))), ws.StatusProtocolError},
			"reserved opcode":   {masked(ws.NewFrame(ws.OpCode(3), true, nil)), ws.StatusProtocolError},
			"long ping":         {masked(ws.NewFrame(ws.OpPing, true, make([]byte, 126))), ws.StatusProtocolError},
			"lone continuation": {masked(ws.NewFrame(ws.OpContinuation, true, nil)), ws.StatusProtocolError},
			"bad text":          {masked(ws.NewTextFrame([]byte("\xff\xfe"))), ws.StatusInvalidFramePayloadData},
			"bad close":         {masked(ws.NewFrame(ws.OpClose, true, []byte{1})), ws.StatusProtocolError},
		} {
			wantRawClose(t, path+": "+name, write(path, c.frame), c.want)
		}
		// A header that claims the largest length there is.
		huge := binary.BigEndian.AppendUint64([]byte{0x82, 0xff}, 1<<63-1)
		wantRawClose(t, path+": huge", write(path, append(huge, 1, 2, 3, 4)), ws.StatusMessageTooBig)
	}
	bystander.Pending()
	bystander.Next()
}

// 2.3: the client's close frame is answered with its code.
func TestClientCloses(t *testing.T) {
	d := start(t)
	for _, path := range sockets() {
		if strings.Contains(path, "streams/") || strings.HasSuffix(path, "/ota") {
			continue
		}
		for _, code := range []ws.StatusCode{ws.StatusNormalClosure, ws.StatusGoingAway, 4001} {
			raw := d.DialRaw(path)
			raw.Write(ws.OpClose, ws.NewCloseFrameBody(code, "done"))
			wantRawClose(t, path, raw, code)
		}
		raw := d.DialRaw(path)
		raw.Write(ws.OpClose, nil)
		wantRawClose(t, path+" without a code", raw, ws.StatusNormalClosure)
	}
}

// 2.3: what a socket held is released when the client closes it, or vanishes.
// That shells survive is shown in TestConsoleSurvivesDisconnect.
func TestClosedSocketsHoldNothing(t *testing.T) {
	t.Parallel()
	path := logFile(t, "first\n")
	d := device.Start(t, device.Options{Args: []string{"--log-file", path}})
	follows := func() bool {
		for _, f := range d.Files() {
			if f == path {
				return true
			}
		}
		return false
	}
	before := len(d.Files())
	for _, end := range []func(*device.Socket){
		func(s *device.Socket) { _ = s.Close() },
		(*device.Socket).Drop,
	} {
		s := d.Dial("/v1/ws/logs?source=file:" + path)
		s.Expect("ready")
		s.Expect("line")
		device.Poll(t, "the file to be open", follows)
		end(s)
		device.Poll(t, "the file to be closed", func() bool { return !follows() })
	}
	device.Poll(t, "all files to be closed", func() bool { return len(d.Files()) <= before+2 }) // inotify of the poller may stay
}

func logFile(t *testing.T, text string) string {
	t.Helper()
	path := t.TempDir() + "/app.log"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// 2.3: 1001 when the server shuts down, with clients of every kind attached.
func TestShutdown(t *testing.T) {
	path := logFile(t, "first\n")
	d := device.Start(t, device.Options{Args: []string{"--log-file", path}})
	var open []*device.Socket
	for _, p := range []string{
		"/v1/ws", "/v1/ws/telemetry", "/v1/ws/devices", "/v1/ws/updates", "/v1/ws/imu", "/v1/ws/sensors",
		"/v1/ws/console", "/v1/ws/logs?source=dmesg", "/v1/ws/logs?source=file:" + path, "/v1/ws/processes",
	} {
		open = append(open, d.Dial(p))
	}
	open[6].Expect("ready")
	began := time.Now()
	d.Stop()
	for _, s := range open {
		wantClose(t, s, 1001)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("the shutdown took %v", took)
	}
}

// 2.3: clients that do not read, or do not answer, hold up the shutdown for a
// bounded time, and the others are told all the same.
func TestShutdownWithStalledReaders(t *testing.T) {
	d := startStalling(t)
	c := open(t, d, "")
	c.run("yes 'a line of a flood'")
	session := "/v1/ws/console?sessionId=" + c.ready.SessionID
	for range 3 {
		d.DialWith(session, device.DialOptions{Manual: true, ReceiveBuffer: 2304})
		d.DialRawSlow("/v1/ws/processes?interval_ms=250", 2304)
	}
	for range 500 {
		c.Next()
	}
	began := time.Now()
	d.Stop()
	wantClose(t, c.Socket, 1001)
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("the shutdown took %v", took)
	}
}

// 2.3: 1013 when there are too many sockets; those that are open go on.
func TestTooManySockets(t *testing.T) {
	d := device.Start(t, device.Options{Config: "limits:\n  max_websockets: 3\n"})
	first := d.Dial("/v1/ws/telemetry?interval_ms=250")
	for range 2 {
		d.Dial("/v1/ws/devices").Expect("ready")
	}
	for _, path := range []string{"/v1/ws/telemetry", "/v1/ws"} {
		wantClose(t, d.Dial(path), 1013)
	}
	first.Pending()
	first.Next()
	first.Drop()
	device.Poll(t, "the place to be free", func() bool {
		s := d.Dial("/v1/ws/devices")
		_, err := s.TryNext(device.Patience)
		return err == nil
	})
}

// 2.2: pings to a silent socket, and its end after 60 s without a sign of life.
func TestKeepAlive(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	d := start(t)
	answers := d.Dial("/v1/ws/devices")
	answers.Expect("ready")
	raw := d.DialRaw("/v1/ws/devices")
	began, pings := time.Now(), []time.Duration{}
	for {
		f, err := raw.Read(90 * time.Second)
		if err != nil {
			break
		}
		if f.Op == ws.OpPing {
			pings = append(pings, time.Since(began))
		}
	}
	silent := time.Since(began)
	if len(pings) < 3 || pings[0] > 25*time.Second {
		t.Errorf("pings at %v", pings)
	}
	if silent < 55*time.Second || silent > 80*time.Second {
		t.Errorf("dropped after %v, want 60 s", silent)
	}
	// Who answers pings stays, however silent the channel is.
	if _, err := answers.TryNext(0); !errors.Is(err, device.ErrQuiet) {
		t.Errorf("the one that answers: %v", err)
	}
	answers.Ping()
}
