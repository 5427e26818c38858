// Command app is a program with an agent in it, as anybody could write it: a server of
// orders that logs, fetches, measures and now and then panics. It prints where its
// agent and its own server listen, and does what it is asked for at the latter.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/heliograph/heliograph"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	agent := heliograph.New(&heliograph.Options{Name: "orders", Version: "2.4.0", Addr: "127.0.0.1:0", Pprof: true, Secrets: []string{"X-Loyalty"}})
	defer agent.Close()
	log := slog.New(agent.SlogHandler(slog.NewTextHandler(os.Stderr, nil)))
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	running.Go(func() {
		if err := agent.ListenAndServe(ctx); err != nil {
			log.Error("nobody can look", "err", err)
		}
	})
	err := agent.AddSensor(heliograph.Sensor{Name: "queue", Read: func(context.Context) (heliograph.Reading, error) {
		return heliograph.Reading{Values: map[string]float64{"depth": 3, "oldest": 1.5}}, nil
	}})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: routes(agent, log), ReadHeaderTimeout: time.Minute}
	running.Go(func() {
		<-ctx.Done()
		_ = server.Close()
	})
	for agent.Addr() == "" {
		<-time.After(time.Millisecond)
	}
	fmt.Printf("orders on http://%s\nlistening on http://%s\n", l.Addr(), agent.Addr())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// shop is the application.
type shop struct {
	agent  *heliograph.Agent
	client *http.Client
	logger *slog.Logger
}

func routes(agent *heliograph.Agent, log *slog.Logger) http.Handler {
	s := &shop{agent, &http.Client{Transport: agent.RoundTripper(nil)}, log}
	api := http.NewServeMux()
	api.HandleFunc("GET /orders/{id}", s.order)
	api.HandleFunc("POST /orders", s.create)
	api.HandleFunc("GET /stream", s.stream)
	api.HandleFunc("GET /log", s.log)
	api.HandleFunc("GET /fetch", s.fetch)
	api.HandleFunc("GET /screen", s.screen)
	api.HandleFunc("GET /crash", s.crash)
	mux := http.NewServeMux()
	mux.Handle("/", agent.Middleware(api))
	mux.Handle("/devflow/", http.StripPrefix("/devflow", agent.Handler()))
	return mux
}

func (s *shop) order(w http.ResponseWriter, r *http.Request) {
	_, span := s.agent.StartSpan(r.Context(), "db.query", "order by id", slog.String("id", r.PathValue("id")))
	defer span.End()
	s.agent.Marker("cache", "miss", slog.String("key", r.PathValue("id")))
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id":%q,"apiKey":"s3cr3t-key"}`, r.PathValue("id"))
}

func (s *shop) create(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	w.WriteHeader(http.StatusCreated)
	if _, err := io.Copy(w, r.Body); err != nil {
		s.logger.Error("order not read", "err", err)
	}
}

// stream sends a line, waits for the end of the request, and is never done.
func (s *shop) stream(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "first")
	if err := http.NewResponseController(w).Flush(); err != nil {
		s.logger.Error("not flushed", "err", err)
	}
	<-r.Context().Done()
}

func (s *shop) log(w http.ResponseWriter, r *http.Request) {
	s.logger.Debug("details", "component", "store", "password", "s3cr3t-log")
	s.logger.Info("stored", "component", "store", "n", 3)
	s.logger.Error("upload failed", "component", "sync", "err", fmt.Errorf("upload: %w", io.ErrUnexpectedEOF))
}

// fetch passes on what another server answers.
func (s *shop) fetch(w http.ResponseWriter, r *http.Request) {
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.URL.Query().Get("url"), nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	req.Header.Set("X-Loyalty", "s3cr3t-loyalty")
	resp, err := s.client.Do(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body) // the client is gone
}

func (s *shop) screen(w http.ResponseWriter, r *http.Request) {
	s.agent.Navigate(heliograph.Navigation{To: "/orders/7", Route: "/orders/{id}"})
	s.agent.TreeChange(heliograph.TreeChange{Change: heliograph.Added, ElementID: "e7", ElementType: "Row"})
	s.agent.Alert(heliograph.Alert{Title: "Delete?", Buttons: []string{"Yes", "No"}})
	s.agent.Lifecycle(heliograph.Paused)
	s.agent.RecordBLE(heliograph.BLEEvent{Kind: heliograph.BLENotification, DeviceID: "C4:7C:8D:6A:11:02", Service: "180D", Characteristic: "2A37", Data: "064B"})
}

func (s *shop) crash(w http.ResponseWriter, r *http.Request) {
	var done sync.WaitGroup
	done.Go(func() {
		defer s.agent.RecoverPanic()
		panic("no more paper")
	})
	done.Wait()
}
