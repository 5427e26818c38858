package client_test

import (
	"io"
	"testing"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

// BenchmarkLogs measures lines of 100 characters from the socket of a fake
// server, which shares the processor, to the receiver.
func BenchmarkLogs(b *testing.B) {
	s := fakehelios.New(b)
	s.Socket("/v1/ws/logs", func(c *fakehelios.Conn) {
		const line = `{"type":"line","timestamp_ms":1930000006000,"line":"2031-02-27T13:46:46+0000 board api[412]: listening, and some more text to make one hundred"}`
		for range b.N {
			c.Send(line)
		}
		c.Send(`{"type":"eof"}`)
		c.Wait()
	})
	c, err := client.Dial(b.Context(), s.URL, client.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.ReportAllocs()
	b.ResetTimer()
	sub, err := c.Logs(b.Context(), helios.LogsParams{})
	if err != nil {
		b.Fatal(err)
	}
	defer sub.Close()
	lines := 0
	for {
		e, err := sub.Next(b.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		if _, ok := e.Value.(helios.LogsLine); ok {
			lines++
		}
	}
	if lines != b.N {
		b.Fatalf("%d of %d lines came", lines, b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
