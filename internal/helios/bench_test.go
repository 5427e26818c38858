package helios

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/source/logfile"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// BenchmarkLogBulk appends b.N lines to a file and reads them from the socket as
// raw bytes, so that what is measured is the way from the file to the wire.
func BenchmarkLogBulk(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bulk.log")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	hub := wsconn.NewHub(wsconn.Options{})
	api := New(Deps{Hub: hub, Logs: []LogSource{{LogSource: wire.LogSource{ID: "bulk"}, Reader: logfile.New(logfile.Options{Path: path})}}})
	mux := http.NewServeMux()
	api.Register(mux)
	admin := access.Identity{Name: "bench", Scopes: []access.Scope{access.Admin}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(access.WithIdentity(r.Context(), admin)))
	}))
	defer func() {
		api.Close()
		_ = hub.Shutdown(context.Background())
		srv.Close()
	}()
	nc, r := dialRaw(b, srv.Listener.Addr().String(), "/v1/ws/logs?lines=0&source=bulk")
	defer nc.Close()
	skipFrame(b, r) // ready

	line := append(bytes.Repeat([]byte("x"), 99), '\n')
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		chunk := bytes.Repeat(line, 1000)
		for n := b.N; n > 0; n -= 1000 {
			_, _ = f.Write(chunk[:min(n, 1000)*len(line)])
		}
	}()
	for range b.N {
		skipFrame(b, r)
	}
}

func dialRaw(b *testing.B, addr, path string) (net.Conn, *bufio.Reader) {
	b.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path)
	r := bufio.NewReaderSize(nc, 256<<10)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		b.Fatal(resp, err)
	}
	return nc, r
}

// skipFrame reads one frame and drops it.
func skipFrame(b *testing.B, r *bufio.Reader) {
	var buf [2]byte
	head := buf[:]
	if _, err := io.ReadFull(r, head); err != nil {
		b.Fatal(err)
	}
	size := int(head[1])
	if size == 126 {
		if _, err := io.ReadFull(r, head); err != nil {
			b.Fatal(err)
		}
		size = int(head[0])<<8 | int(head[1])
	}
	if _, err := r.Discard(size); err != nil {
		b.Fatal(err)
	}
}
