// Command agent serves a recorder as an application's agent, with the web UI, and
// records what it is told to over HTTP. The browser tests use it for what a real
// application cannot be made to do on command, such as a Bluetooth peer or ten
// thousand entries at once; everything from the recorder on is the product.
//
//	POST /logs      [LogEntry…]          POST /exchange  Exchange
//	POST /ui        [{Kind, …}…]         POST /ble       [BLEEvent…]
//	POST /span      Span                 POST /marker    Marker
//	POST /fail/NAME the sensor breaks    POST /flood/N   N log entries at once
//	POST /app       App
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/internal/app"
	"github.com/heliograph/heliograph/internal/recorder"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	listen := flag.String("listen", "127.0.0.1:0", "address of the agent")
	control := flag.String("control", "127.0.0.1:0", "address of the commands")
	uiDir := flag.String("ui-dir", "", "serve the UI from a directory")
	bare := flag.Bool("bare", false, "without profiler, sensors and Bluetooth")
	flag.Parse()

	rec := newRecorder(*bare)
	defer rec.Close()
	agent, err := app.NewAgent(ctx, app.AgentOptions{
		Listen: []string{*listen}, Recorder: rec, Framework: "go", Version: "0.4.0-test", UIDir: *uiDir,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	defer func() { _ = agent.Close() }()
	commands, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *control)
	if err != nil {
		return fmt.Errorf("listen for commands: %w", err)
	}
	server := &http.Server{Handler: newCommands(rec), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(commands) }()
	defer func() { _ = server.Close() }()
	fmt.Printf("control http://%s\n", commands.Addr())
	for _, url := range agent.URLs() {
		fmt.Printf("listening on %s\n", url)
	}
	return agent.Run(ctx)
}

// newCommands returns the handler of the commands.
func newCommands(rec *recorder.Recorder) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /logs", each(rec.Logs.Record))
	mux.Handle("POST /ble", each(rec.BLE.Record))
	mux.Handle("POST /ui", each(func(e recorder.UIEvent) { recordUI(rec.UI, e) }))
	mux.Handle("POST /exchange", each(func(x recorder.Exchange) { rec.Network.Record(x) }))
	mux.Handle("POST /span", each(func(s recorder.Span) { rec.Profiler.Span(s) }))
	mux.Handle("POST /marker", each(func(m recorder.Marker) { rec.Profiler.Marker(m) }))
	mux.Handle("POST /app", each(rec.SetApp))
	mux.HandleFunc("POST /flood/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for i := range n {
			rec.Logs.Record(recorder.LogEntry{Level: recorder.Info, Category: "flood", Message: "entry " + strconv.Itoa(i)})
		}
	})
	mux.HandleFunc("POST /fail/{sensor}", func(_ http.ResponseWriter, r *http.Request) {
		rec.Sensors.Remove(r.PathValue("sensor"))
	})
	return mux
}

// each calls record with every item of a JSON array in the body.
func each[T any](record func(T)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var items []T
		if err := json.NewDecoder(r.Body).Decode(&items); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for _, item := range items {
			record(item)
		}
	})
}

func recordUI(ui *recorder.UI, e recorder.UIEvent) {
	at := e.Time
	switch e.Kind {
	case recorder.KindNavigation:
		ui.Navigate(e.Navigation, at)
	case recorder.KindLifecycle:
		ui.Lifecycle(e.State, at)
	case recorder.KindTreeChange:
		ui.TreeChange(e.Tree, at)
	case recorder.KindAlert:
		ui.Alert(e.Alert, at)
	case recorder.KindFailure:
		ui.Failure(e.Failure, at)
	}
}

var errNoBarometer = errors.New("no barometer on this board")
