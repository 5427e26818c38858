package heliograph_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/heliograph/heliograph"
)

// Five lines make a program one that can be looked into, at http://127.0.0.1:9223.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	agent := heliograph.New(nil)
	defer agent.Close()
	go agent.ListenAndServe(ctx)
	logger := slog.New(agent.SlogHandler(slog.NewTextHandler(os.Stderr, nil)))
	client := &http.Client{Transport: agent.RoundTripper(nil)}

	server := httptest.NewServer(http.NotFoundHandler()) // stands for what the program talks to
	defer server.Close()
	resp, err := client.Get(server.URL)
	if err != nil {
		logger.Error("nothing fetched", "err", err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 404 Not Found
}

// New takes options like most of the standard library does: nil for the defaults.
func ExampleNew() {
	agent := heliograph.New(&heliograph.Options{
		Name:    "orders",
		Version: "2.4.0",
		Secrets: []string{"X-Loyalty-Card"},
		Pprof:   true,
	})
	defer agent.Close()
}

// A server that a program has already can serve the agent, too.
func ExampleAgent_Handler() {
	agent := heliograph.New(&heliograph.Options{Name: "orders", Version: "2.4.0"})
	defer agent.Close()

	mux := http.NewServeMux()
	mux.Handle("/devflow/", http.StripPrefix("/devflow", agent.Handler()))
	server := httptest.NewServer(mux)
	defer server.Close()

	resp, err := http.Get(server.URL + "/devflow/api/v1/agent/status")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var status struct {
		App struct{ Name, Version string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&status); err != nil {
		log.Fatal(err)
	}
	fmt.Println(status.App.Name, status.App.Version)
	// Output: orders 2.4.0
}

// Errors are shown with those that they wrap, and secrets are masked.
func ExampleAgent_SlogHandler() {
	agent := heliograph.New(nil)
	defer agent.Close()
	logger := slog.New(agent.SlogHandler(nil)).With("component", "store")

	logger.Error("upload failed", "err", errors.New("disk full"), "password", "hunter2")

	server := httptest.NewServer(agent.Handler())
	defer server.Close()
	resp, err := http.Get(server.URL + "/api/v1/logs")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var entries []struct{ Level, Category, Message string }
	if err := json.NewDecoder(resp.Body).Decode(&entries); err != nil {
		log.Fatal(err)
	}
	for _, e := range entries {
		fmt.Println(e.Level, e.Category, e.Message)
	}
	// Output: error store upload failed err="disk full" password=***
}

// Middleware shows what a server gets and answers.
func ExampleAgent_Middleware() {
	agent := heliograph.New(nil)
	defer agent.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/orders", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "[]") })
	server := httptest.NewServer(agent.Middleware(mux))
	defer server.Close()
}

// A span is free unless a client has started a profiler session.
func ExampleAgent_StartSpan() {
	agent := heliograph.New(nil)
	defer agent.Close()

	query := func(ctx context.Context, customer int) error {
		_, span := agent.StartSpan(ctx, "db.query", "orders by customer", slog.Int("customer", customer))
		defer span.End()
		err := error(nil) // of the database
		span.Fail(err)
		return err
	}
	if err := query(context.Background(), 17); err != nil {
		log.Fatal(err)
	}
	agent.Marker("cache", "miss", slog.String("key", "orders/17"))
}

// What a sensor measures is read only while a client wants it.
func ExampleAgent_AddSensor() {
	agent := heliograph.New(nil)
	defer agent.Close()

	err := agent.AddSensor(heliograph.Sensor{
		Name: "queue",
		Read: func(context.Context) (heliograph.Reading, error) {
			return heliograph.Reading{Time: time.Now(), Values: map[string]float64{"depth": 3}}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
}

// A goroutine that panics is reported and does not end the program.
func ExampleAgent_RecoverPanic() {
	agent := heliograph.New(nil)
	defer agent.Close()

	work := func() {
		defer agent.RecoverPanic()
		panic("no more paper")
	}
	work()
	fmt.Println("still here")
	// Output: still here
}
