package helios

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/source/firmware"
	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/source/led"
	"github.com/heliograph/heliograph/internal/source/power"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// simulatedSensors are the sources of a device that is simulated, behind a server.
func simulatedSensors(t *testing.T) (Deps, *httptest.Server) {
	t.Helper()
	hub := wsconn.NewHub(wsconn.Options{})
	deps := Deps{
		Hub: hub, IMU: iio.NewIMU(iio.IMUOptions{Open: iio.Simulated(1)}), Power: power.New(power.Simulated(1), nil),
		Lighting: led.New(led.Options{Open: led.Simulate(4).Open}), Firmware: firmware.New(firmware.Options{}),
	}
	api := New(deps)
	mux := http.NewServeMux()
	api.Register(mux)
	admin := access.Identity{Name: "test", Scopes: []access.Scope{access.Admin}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(access.WithIdentity(r.Context(), admin)))
	}))
	t.Cleanup(func() {
		api.Close()
		_ = hub.Shutdown(context.Background())
		srv.Close()
		for _, source := range []interface{ Close() }{deps.IMU, deps.Power, deps.Lighting, deps.Firmware} {
			source.Close()
		}
	})
	return deps, srv
}

// conversation is a socket of which every message is read as an object.
type conversation struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn
}

func converse(t *testing.T, srv *httptest.Server, path string) conversation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, srv.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return conversation{t, ctx, conn}
}

func (c conversation) send(text string) {
	c.t.Helper()
	if err := c.conn.Write(c.ctx, websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// find skips messages until one has the key.
func (c conversation) find(key string) map[string]any {
	c.t.Helper()
	for {
		_, data, err := c.conn.Read(c.ctx)
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", key, err)
		}
		var object map[string]any
		if err := json.Unmarshal(data, &object); err != nil {
			c.t.Fatal(err)
		}
		if _, there := object[key]; there {
			return object
		}
	}
}

// wantEnd wants code 1000, and nothing before it.
func (c conversation) wantEnd() {
	c.t.Helper()
	if _, data, err := c.conn.Read(c.ctx); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		c.t.Errorf("got %s %v, want the end", data, err)
	}
}

// 3.4: a source that is lost is told with one error object, all keys present; so
// is one that cannot be reached.
func TestIMULost(t *testing.T) {
	deps, srv := simulatedSensors(t)
	c := converse(t, srv, "/v1/ws/imu")
	c.find("has_sample")
	deps.IMU.Close()
	check := func(c conversation, operation string) {
		t.Helper()
		e := c.find("status")
		if e["status"] != "imu_stream_unavailable" || e["reason"] != "sensor stream closed" || e["operation"] != operation ||
			e["source"] != "helios-api/http/device/imu.ws" || e["reported_by"] != "helios-api" {
			t.Errorf("error %v", e)
		}
		for _, key := range []string{"code", "retryable", "remediation"} {
			if v, there := e[key]; !there || v != nil {
				t.Errorf("%s is %v, there: %v", key, v, there)
			}
		}
		c.wantEnd()
	}
	check(c, wire.OpStream)
	check(converse(t, srv, "/v1/ws/imu"), wire.OpConnect)
}

// 5.2: on the multiplexed socket the error object ends the channel alone.
func TestIMULostMultiplexed(t *testing.T) {
	deps, srv := simulatedSensors(t)
	c := converse(t, srv, "/v1/ws")
	c.send(`{"cmd":"imu.stream","sent-at":"2031-02-27T13:46:40Z"}`)
	c.find("cmd")
	deps.IMU.Close()
	for {
		e := c.find("payload")
		payload, _ := e["payload"].(map[string]any)
		switch {
		case e["cmd"] == "imu.stream" && payload["status"] == nil:
		case e["cmd"] == "imu.stream":
			if e := c.find("cmd"); e["cmd"] != "channel.closed" || e["payload"].(map[string]any)["reason"] != "error" {
				t.Errorf("after the error %v", e)
			}
			return
		default:
			t.Fatalf("got %v before the error", e)
		}
	}
}

// 3.5: a source that is lost is told with an error object, and the socket ends.
func TestSensorsLost(t *testing.T) {
	deps, srv := simulatedSensors(t)
	c := converse(t, srv, "/v1/ws/sensors")
	c.send(`{"op":"subscribe","kinds":["power"]}`)
	c.find("power")
	deps.Power.Close()
	e := c.find("status")
	if e["status"] != "sensors_stream_unavailable" || e["operation"] != "stream" || e["reason"] != "sensor stream closed" {
		t.Errorf("error %v", e)
	}
	c.wantEnd()
}
