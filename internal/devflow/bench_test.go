package devflow

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// BenchmarkLogFanOut is what an application pays for an entry while so many clients
// read, and what the clients get: a loop is one entry, delivered to all. Readers keep
// up because the loop waits for them now and then.
func BenchmarkLogFanOut(b *testing.B) {
	for _, clients := range []int{1, 50} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			rec := recorder.New(recorder.Options{})
			api := New(Deps{Recorder: rec})
			server := httptest.NewServer(api.Handler())
			var reading sync.WaitGroup
			for range clients {
				conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
				if err != nil {
					b.Fatal(err)
				}
				fmt.Fprintf(conn, "GET /ws/v1/logs?replay=0 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
					"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
				reading.Go(func() { _, _ = io.Copy(io.Discard, conn); conn.Close() })
			}
			for api.Stats().Open < clients {
				<-time.After(time.Millisecond)
			}
			at, text := time.Now(), strings.Repeat("x", 200)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				rec.Logs.Record(recorder.LogEntry{Time: at, Level: recorder.Info, Category: "bench", Message: text})
				if n++; n%1000 == 0 {
					for int(api.Stats().Messages) < (n-500)*clients && api.Stats().Open == clients {
						<-time.After(100 * time.Microsecond)
					}
				}
			}
			b.ReportMetric(float64(api.Stats().Messages)/b.Elapsed().Seconds(), "msg/s")
			if err := api.Shutdown(context.Background()); err != nil {
				b.Error(err)
			}
			reading.Wait()
			server.Close()
			http.DefaultTransport.(*http.Transport).CloseIdleConnections()
			rec.Close()
		})
	}
}
