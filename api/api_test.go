package api_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/heliograph/heliograph/api"
	"github.com/heliograph/heliograph/internal/asyncapi"
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

func TestCommittedDocumentIsUpToDate(t *testing.T) {
	sources := map[string]string{}
	for dir, path := range heliosdoc.Sources() {
		sources["../"+dir] = path
	}
	comments, err := asyncapi.ReadComments(sources)
	if err != nil {
		t.Fatal(err)
	}
	made, err := asyncapi.Generate(heliosdoc.Document(), comments)
	if err != nil {
		t.Fatal(err)
	}
	committed, err := os.ReadFile("helios.asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, committed) {
		t.Error("helios.asyncapi.json is not up to date: run go run ./internal/asyncapi/cmd/asyncapigen")
	}
}

func BenchmarkHelios(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		api.Helios("board.local:5800", false)
	}
}
