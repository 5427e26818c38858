package console

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkCat prints a file of 100 MB with cat to one viewer that takes
// chunks and does nothing with them: with the terminal as a shell has it, which
// makes the kernel add carriage returns, and with one that changes nothing.
func BenchmarkCat(b *testing.B) {
	b.Run("cooked", func(b *testing.B) { benchmarkCat(b, "opost") })
	b.Run("raw", func(b *testing.B) { benchmarkCat(b, "-opost") })
}

func benchmarkCat(b *testing.B, mode string) {
	const size = 100 << 20
	file := filepath.Join(b.TempDir(), "text")
	var text []byte
	for i := 0; len(text) < size; i++ {
		text = append(record(text, i), '\n')
	}
	if err := os.WriteFile(file, text[:size], 0o600); err != nil {
		b.Fatal(err)
	}
	script := filepath.Join(b.TempDir(), "run")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nstty "+mode+"\nexec cat "+file+"\n"), 0o700); err != nil {
		b.Fatal(err)
	}
	m := newManager(b, Options{Shell: script})
	b.SetBytes(size)
	before := cpuSeconds(b)
	for b.Loop() {
		v := attach(b, create(b, m))
		if got := countRest(b, v); got < size {
			b.Fatalf("got %d bytes", got)
		}
		v.Close()
		if err := m.Delete(v.Session().ID()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric((cpuSeconds(b)-before)/float64(b.N), "cpu-s/op")
}

// cpuSeconds is what this process, without cat, has used.
func cpuSeconds(b *testing.B) float64 {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func countRest(b *testing.B, v *viewer) (bytes int) {
	for {
		items, err := v.next(len(v.items))
		if errors.Is(err, io.EOF) {
			return bytes
		}
		if err != nil {
			b.Fatal(err)
		}
		for _, it := range items {
			bytes += len(it.Event.Value.Data)
		}
	}
}

// BenchmarkEcho sends a key and waits for its echo from a program, alone and
// while another session floods a viewer that keeps up.
func BenchmarkEcho(b *testing.B) {
	b.Run("idle", benchmarkEcho)
	b.Run("flood", func(b *testing.B) {
		m := newManager(b, Options{Shell: "/usr/bin/yes"})
		v := attach(b, create(b, m))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				if _, err := v.next(len(v.items)); err != nil {
					return
				}
			}
		}()
		benchmarkEcho(b)
		v.Close()
		<-done
	})
}

func benchmarkEcho(b *testing.B) {
	v := attach(b, newRawHelper(b, "echo:0"))
	key := []byte{'x'}
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		if err := v.Session().Write(key); err != nil {
			b.Fatal(err)
		}
		if _, err := v.next(len(v.items)); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
