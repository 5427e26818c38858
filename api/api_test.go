package api_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/heliograph/heliograph/api"
	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/internal/asyncapi/devflowdoc"
	"github.com/heliograph/heliograph/internal/asyncapi/heliosdoc"
)

func TestHeliosNamesTheServer(t *testing.T) {
	for _, test := range []struct {
		name, host, wantHost, wantProtocol string
		tls                                bool
	}{
		{name: "no host header", wantHost: "localhost:5800/v1/ws", wantProtocol: "ws"},
		{name: "host and port", host: "board.local:5801", wantHost: "board.local:5801/v1/ws", wantProtocol: "ws"},
		{name: "behind TLS", host: "board.local", tls: true, wantHost: "board.local/v1/ws", wantProtocol: "wss"},
		{name: "IPv6", host: "[::1]:5800", wantHost: "[::1]:5800/v1/ws", wantProtocol: "ws"},
		{name: "hostile header", host: `x","protocol":"$1 \`, wantHost: `x","protocol":"$1 \/v1/ws`, wantProtocol: "ws"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var doc struct {
				AsyncAPI string
				Servers  map[string]struct{ Host, Protocol string }
			}
			if err := json.Unmarshal(api.Helios(test.host, test.tls), &doc); err != nil {
				t.Fatal(err)
			}
			primary := doc.Servers["primary"]
			if primary.Host != test.wantHost || primary.Protocol != test.wantProtocol {
				t.Errorf("server is %+v, want %s %s", primary, test.wantProtocol, test.wantHost)
			}
			if doc.AsyncAPI != "3.0.0" {
				t.Errorf("asyncapi is %q", doc.AsyncAPI)
			}
		})
	}
}

func TestHeliosGivesEachCallerItsOwnBytes(t *testing.T) {
	first := api.Helios("a", false)
	clear(first)
	if again := api.Helios("a", false); !json.Valid(again) {
		t.Error("a caller can change the document of the next")
	}
}

func TestDevFlowNamesTheServer(t *testing.T) {
	for _, test := range []struct {
		host, wantHost, wantProtocol, wantURL string
		tls                                   bool
	}{
		{"", "localhost:9223", "ws", "http://localhost:9223", false},
		{"board.local:9000", "board.local:9000", "wss", "https://board.local:9000", true},
		{`x","protocol":"$1 \`, `x","protocol":"$1 \`, "ws", `http://x","protocol":"$1 \`, false},
	} {
		var async struct {
			Servers map[string]struct{ Host, Protocol string }
		}
		if err := json.Unmarshal(api.DevFlow(test.host, test.tls), &async); err != nil {
			t.Fatal(err)
		}
		if s := async.Servers["agent"]; s.Host != test.wantHost || s.Protocol != test.wantProtocol {
			t.Errorf("%q: server %+v", test.host, s)
		}
		var open struct{ Servers []struct{ URL string } }
		if err := json.Unmarshal(api.DevFlowOpenAPI(test.host, test.tls), &open); err != nil {
			t.Fatal(err)
		}
		if open.Servers[0].URL != test.wantURL {
			t.Errorf("%q: URL %q", test.host, open.Servers[0].URL)
		}
	}
	first := api.DevFlow("a", false)
	clear(first)
	if !json.Valid(api.DevFlow("a", false)) {
		t.Error("a caller can change the document of the next")
	}
}

func TestCommittedDocumentsAreUpToDate(t *testing.T) {
	sources := map[string]string{}
	for _, list := range []map[string]string{heliosdoc.Sources(), devflowdoc.Sources()} {
		for dir, path := range list {
			sources["../"+dir] = path
		}
	}
	comments, err := asyncapi.ReadComments(sources)
	if err != nil {
		t.Fatal(err)
	}
	for name, generate := range map[string]func() ([]byte, error){
		"helios.asyncapi.json":  func() ([]byte, error) { return asyncapi.Generate(heliosdoc.Document(), comments) },
		"devflow.asyncapi.json": func() ([]byte, error) { return asyncapi.Generate(devflowdoc.Document(), comments) },
		"devflow.openapi.json":  func() ([]byte, error) { return asyncapi.GenerateHTTP(devflowdoc.HTTP(), comments) },
	} {
		made, err := generate()
		if err != nil {
			t.Fatal(err)
		}
		committed, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(made, committed) {
			t.Errorf("%s is not up to date: run go run ./internal/asyncapi/cmd/asyncapigen", name)
		}
	}
}

func BenchmarkHelios(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		api.Helios("board.local:5800", false)
	}
}
