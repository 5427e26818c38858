package journal_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/source/journal"
	"github.com/heliograph/heliograph/internal/testkit/journald"
	"github.com/heliograph/heliograph/internal/topic"
)

// BenchmarkDump is one entry of a real journal from journalctl to a writer.
func BenchmarkDump(b *testing.B) {
	j := journald.Start(b)
	text := strings.Repeat("x", 80)
	for i := range b.N {
		j.SendAsync("MESSAGE", fmt.Sprint(text, i), "PRIORITY", "6", "SYSLOG_IDENTIFIER", "heliotest")
	}
	j.Sync()
	b.ResetTimer()
	if err := journal.New(journal.Options{Args: j.Args()}).Dump(b.Context(), io.Discard, 0); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkLatency is the time from an entry to the subscriber; most of it is
// journald's, which tells readers of changes at most a few times a second.
func BenchmarkLatency(b *testing.B) {
	j := journald.Start(b)
	tp := newTopic(journal.New(journal.Options{Args: j.Args()}))
	b.Cleanup(tp.Close)
	sub, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless})
	if err != nil {
		b.Fatal(err)
	}
	if err := sub.WaitReady(b.Context()); err != nil {
		b.Fatal(err)
	}
	sub.Rewind(0)
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		began := time.Now()
		j.SendAsync("MESSAGE", "x", "SYSLOG_IDENTIFIER", "heliotest")
		if _, err := sub.Next(b.Context()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
}
