// Command app is an application that is looked into by the tests of the agent protocol. It
// does what it is told at a port of its own: it logs, makes requests, and ends.
//
//	heliograph run -- app -control FILE
//
// writes the address of that port to FILE. It is any program then: what it prints and
// requests is all that it shows. With -agent it has an agent in it, and prints as
// heliograph does where that listens.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	control := flag.String("control", "", "write the address of the control port to this file")
	withAgent := flag.Bool("agent", false, "have an agent in the program")
	mirror := flag.Bool("mirror", false, "make the compatibility mirror the agent's default")
	keep := flag.Int("keep", 0, "let the agent keep so many items of a profiler session; 0 is its default, -1 that it keeps nothing of anything")
	broker := flag.Int("broker", 0, "register the agent with a broker at this port; 0 is none")
	stubborn := flag.Bool("stubborn", false, "take no notice of SIGTERM and of closed pipes")
	flag.Parse()
	if *stubborn {
		signal.Ignore(syscall.SIGTERM, syscall.SIGPIPE)
	}
	if err := run(*control, *withAgent, settings{*mirror, *keep, *broker}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(control string, withAgent bool, set settings) error {
	ctx := context.Background()
	if !signal.Ignored(syscall.SIGTERM) {
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, syscall.SIGTERM)
		defer stop()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	served := make(chan error, 1)
	if withAgent {
		a, err := newAgent(ctx, set, served)
		if err != nil {
			return err
		}
		defer a.Close()
		a.register(mux)
	} else {
		mux.HandleFunc("POST /log", serveLog)
		mux.HandleFunc("POST /fetch", fetcher(&http.Transport{Proxy: proxied}))
		served <- nil
	}
	mux.HandleFunc("POST /print", servePrint)
	mux.HandleFunc("POST /exit", func(_ http.ResponseWriter, r *http.Request) { os.Exit(number(r, "code", 0)) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { <-ctx.Done(); _ = server.Close() }()
	// The file appears whole.
	if err := os.WriteFile(control+".new", []byte("http://"+l.Addr().String()), 0o600); err != nil {
		return err
	}
	if err := os.Rename(control+".new", control); err != nil {
		return err
	}
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-served
}

// number returns an integer parameter.
func number(r *http.Request, name string, fallback int) int {
	if n, err := strconv.Atoi(r.FormValue(name)); err == nil {
		return n
	}
	return fallback
}

// serveLog writes n lines of a level, as JSON on standard output. The text is followed
// by a number, if there is more than one, and by padding.
func serveLog(w http.ResponseWriter, r *http.Request) {
	n, padding := number(r, "n", 1), strings.Repeat("x", number(r, "size", 0))
	for i := range n {
		text := r.FormValue("text")
		if n > 1 {
			text += strconv.Itoa(i)
		}
		line := map[string]string{
			"time": time.Now().Format(time.RFC3339Nano), "level": r.FormValue("level"), "logger": r.FormValue("logger"), "msg": text + padding,
		}
		if stack := r.FormValue("error"); stack != "" {
			line["stack"] = stack
		}
		data, err := json.Marshal(line)
		if err == nil {
			_, err = os.Stdout.Write(append(data, '\n'))
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
}

// servePrint prints a text on standard error.
func servePrint(_ http.ResponseWriter, r *http.Request) { fmt.Fprintln(os.Stderr, r.FormValue("text")) }

// proxied is the proxy of the environment, which Go's own client does not use for
// loopback.
func proxied(*http.Request) (*url.URL, error) { return url.Parse(os.Getenv("HTTP_PROXY")) }

// fetcher makes n requests one after the other.
func fetcher(transport http.RoundTripper) http.HandlerFunc {
	client := &http.Client{Transport: transport}
	return func(w http.ResponseWriter, r *http.Request) { fetch(client, w, r) }
}

func fetch(client *http.Client, w http.ResponseWriter, r *http.Request) {
	padding := strings.Repeat("x", number(r, "size", 0))
	for i := range number(r, "n", 1) {
		target := strings.ReplaceAll(r.FormValue("url"), "{i}", strconv.Itoa(i)) + padding
		req, err := http.NewRequestWithContext(r.Context(), r.FormValue("method"), target, strings.NewReader(r.FormValue("body")))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if kind := r.FormValue("type"); kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		answer, err := client.Do(req)
		if err != nil {
			fmt.Fprintln(w, err)
			continue
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		fmt.Fprintln(w, answer.StatusCode)
	}
}
