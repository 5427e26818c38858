package cli

import (
	"context"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
)

// An agent is the real protocol on a loopback port, in front of a recorder that a test
// fills.
type agent struct {
	t   *testing.T
	rec *recorder.Recorder
	api *devflow.API
	*httptest.Server

	mu   sync.Mutex
	open map[net.Conn]struct{}
}

func newAgent(t *testing.T, opts recorder.Options) *agent {
	t.Helper()
	a := &agent{t: t, rec: recorder.New(opts), open: map[net.Conn]struct{}{}}
	a.api = devflow.New(devflow.Deps{Recorder: a.rec, Version: "1.2.3"})
	a.Server = httptest.NewUnstartedServer(a.api.Handler())
	a.Config.ConnState = func(c net.Conn, state http.ConnState) {
		a.mu.Lock()
		defer a.mu.Unlock()
		if state == http.StateNew {
			a.open[c] = struct{}{}
		}
	}
	a.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := a.api.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		a.Close()
		a.rec.Close()
	})
	return a
}

// cut closes every connection without a word.
func (a *agent) cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for c := range a.open {
		_ = c.Close()
	}
	clear(a.open)
}

// app runs a verb about an application to its end.
func (a *agent) app(args ...string) result {
	a.t.Helper()
	return line{env: map[string]string{"HELIOGRAPH_AGENT": a.URL}}.run(a.t, append([]string{"app"}, args...)...)
}

// A running is a verb that goes on until it is stopped.
type running struct {
	t         *testing.T
	out, errs buffer
	stop      context.CancelFunc
	code      chan int
}

// start runs a verb about an application.
func (a *agent) start(args ...string) *running {
	a.t.Helper()
	r := &running{t: a.t, code: make(chan int, 1)}
	ctx, stop := context.WithCancel(context.Background())
	root := New(BuildInfo{}, Deps{}, Streams{Out: &r.out, Err: &r.errs})
	var program sync.WaitGroup
	program.Go(func() { r.code <- Execute(ctx, root, append([]string{"app", "--agent", a.URL}, args...)) })
	r.stop = stop
	a.t.Cleanup(func() { stop(); program.Wait() })
	return r
}

// sees waits for texts in the output.
func (r *running) sees(texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		until(r.t, text+" in the output", func() bool {
			if strings.Contains(r.out.String(), text) {
				return true
			}
			select {
			case code := <-r.code:
				r.t.Fatalf("ended with code %d before %q; out %q, stderr %q", code, text, r.out.String(), r.errs.String())
			default:
			}
			return false
		})
	}
}

// ends stops the verb, which is a success.
func (r *running) ends() {
	r.t.Helper()
	r.stop()
	if code := <-r.code; code != ExitOK {
		r.t.Errorf("exit code %d, stderr %q", code, r.errs.String())
	}
}

// compass is a sensor that always has something to tell.
func (a *agent) compass() {
	a.t.Helper()
	heading := 0.0
	err := a.rec.Sensors.Register(recorder.Sensor{
		Name: recorder.Compass,
		Run: recorder.Every(func(context.Context) (recorder.Reading, error) {
			heading = math.Mod(heading+1, 360)
			return recorder.Reading{Values: map[string]float64{"heading": heading, "accuracy": 2}}, nil
		}, func(error) {}),
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// ordered is a captured exchange.
func ordered(host string) recorder.Exchange {
	header := map[string][]string{"Content-Type": {"application/json"}, "Accept": {"a", "b"}}
	return recorder.Exchange{
		Summary: recorder.Summary{
			Start: time.Now(), Method: "POST", URL: "https://" + host + "/v2/orders?dry=1", Status: 201, StatusText: "Created", Duration: 291 * time.Millisecond,
			RequestType: "application/json", ResponseType: "application/octet-stream", RequestSize: 13, ResponseSize: 300,
		},
		Detail: recorder.Detail{
			RequestHeader: header, ResponseHeader: map[string][]string{"X-Id": {"7"}},
			RequestBody: recorder.Body{Data: []byte(`{"sku":"A-1"}`)}, ResponseBody: recorder.Body{Data: []byte("\x00\xff\x01binary"), Truncated: true},
		},
	}
}
