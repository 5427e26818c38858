package recorder

import (
	"testing"
	"time"
)

// BenchmarkUnobserved is what an application pays while nobody is interested.
func BenchmarkUnobserved(b *testing.B) {
	r := newTest(b, Options{Mode: OnDemand})
	b.Run("log", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if r.Logs.Wants(Info) {
				r.Logs.Record(LogEntry{Level: Info, Message: "never"})
			}
		}
	})
	b.Run("request", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if r.Network.Wants() {
				r.Network.Record(Exchange{})
			}
		}
	})
	b.Run("span", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if r.Profiler.Active() {
				r.Profiler.Span(Span{Name: "never"})
			}
		}
	})
}

// BenchmarkRecord is what it pays otherwise.
func BenchmarkRecord(b *testing.B) {
	r := newTest(b, Options{})
	at := time.Now()
	b.Run("log", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Logs.Record(LogEntry{Time: at, Level: Info, Category: "store", Message: "opened"})
		}
	})
	b.Run("request", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Network.Record(Exchange{Summary: Summary{Start: at, Method: "GET", URL: "http://a.test/x", Host: "a.test", Path: "/x", Status: 200}})
		}
	})
	b.Run("span", func(b *testing.B) {
		if _, err := r.Profiler.Start(time.Minute); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			r.Profiler.Span(Span{Start: at, End: at, Name: "load"})
		}
	})
}
