package logfile_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/source/logfile"
	"github.com/heliograph/heliograph/internal/topic"
)

func benchFollow(b *testing.B) (*topic.Subscription[logline.Line], *os.File) {
	path := b.TempDir() + "/app.log"
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	tp := newTopic(logfile.New(logfile.Options{Path: path}))
	b.Cleanup(tp.Close)
	sub, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless})
	if err != nil {
		b.Fatal(err)
	}
	if err := sub.WaitReady(b.Context()); err != nil {
		b.Fatal(err)
	}
	return sub, f
}

// BenchmarkBulk is one 100-byte line from a file to a subscriber, when many
// are appended at once.
func BenchmarkBulk(b *testing.B) {
	sub, f := benchFollow(b)
	chunk := strings.Repeat(strings.Repeat("x", 99)+"\n", 10_000)
	b.SetBytes(100)
	b.ResetTimer()
	for left := b.N; left > 0; left -= 10_000 {
		if _, err := f.WriteString(chunk[:100*min(left, 10_000)]); err != nil {
			b.Fatal(err)
		}
	}
	items := make([]topic.Item[logline.Line], 512)
	for left := b.N; left > 0; {
		n, err := sub.Fill(items)
		if err == nil && n == 0 {
			_, err = sub.Next(b.Context())
			n = 1
		}
		if err != nil {
			b.Fatal(err)
		}
		left -= n
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkLatency is the time from a write to the subscriber, at 1000 lines a
// second.
func BenchmarkLatency(b *testing.B) {
	sub, f := benchFollow(b)
	line := strings.Repeat("x", 99) + "\n"
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var took []time.Duration
	for range b.N {
		<-tick.C
		began := time.Now()
		if _, err := f.WriteString(line); err != nil {
			b.Fatal(err)
		}
		if _, err := sub.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
