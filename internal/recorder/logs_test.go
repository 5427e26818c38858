package recorder

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/heliograph/heliograph/internal/topic"
)

func TestLogsKeepTheNewest(t *testing.T) {
	r := newTest(t, Options{Capacity: &Capacity{Logs: 3}})
	for i := range 5 {
		r.Logs.Record(LogEntry{Level: Info, Message: fmt.Sprint(i)})
	}
	var got []string
	for _, e := range r.Logs.Held() {
		got = append(got, e.Value.Message)
		if e.Value.Source != SourceNative || e.Value.Time.IsZero() || e.Value.Time.Location() != time.UTC {
			t.Errorf("entry %+v lacks source or time", e.Value)
		}
	}
	if strings.Join(got, " ") != "2 3 4" {
		t.Errorf("kept %v", got)
	}
}

func TestNothingIsKeptWithCapacityZero(t *testing.T) {
	r := newTest(t, Options{Capacity: &Capacity{}})
	s, err := r.Logs.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r.Logs.Record(LogEntry{Message: "live"})
	if got := take(t, s, 1); got[0].Message != "live" {
		t.Errorf("streamed %v", got)
	}
	if held := r.Logs.Held(); len(held) != 0 {
		t.Errorf("kept %d", len(held))
	}
}

func TestOpenHasNeitherGapNorOverlap(t *testing.T) {
	const total, readers = 2000, 8
	r := newTest(t, Options{})
	var recording sync.WaitGroup
	recording.Go(func() {
		for i := range total {
			r.Logs.Record(LogEntry{Level: Info, Message: fmt.Sprint(i)})
		}
	})
	var reading sync.WaitGroup
	for range readers {
		reading.Go(func() {
			s, err := r.Logs.Open(nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			next := uint64(0)
			for _, e := range s.Held {
				if next != 0 && e.Seq != next {
					t.Errorf("held %d after %d", e.Seq, next-1)
				}
				next = e.Seq + 1
			}
			for next <= total {
				item, err := s.Next(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if next != 0 && item.Event.Seq != next {
					t.Errorf("live %d, want %d", item.Event.Seq, next)
				}
				next = item.Event.Seq + 1
			}
		})
	}
	recording.Wait()
	reading.Wait()
}

func TestSlowReaderIsEnded(t *testing.T) {
	r := newTest(t, Options{})
	s, err := r.Logs.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range Window + 1 {
		r.Logs.Record(LogEntry{Level: Info})
	}
	if _, err := s.Next(t.Context()); !errors.Is(err, topic.ErrLagged) {
		t.Errorf("a reader that lost an entry got %v", err)
	}
}

func TestOnDemandRecordsWhileSomebodyIsInterested(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newTest(t, Options{Mode: OnDemand, Keep: time.Minute})
		r.Logs.Record(LogEntry{Level: Info, Message: "before"})
		r.Logs.Record(LogEntry{Level: Error, Message: "rare"})
		s, err := r.Logs.Open(nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Held) != 1 || s.Held[0].Value.Message != "rare" {
			t.Errorf("a first reader finds %d entries", len(s.Held))
		}
		r.Logs.Record(LogEntry{Level: Info, Message: "during"})
		s.Close()
		s.Close()
		time.Sleep(59 * time.Second)
		r.Logs.Record(LogEntry{Level: Debug, Message: "soon after"})
		if n := len(r.Logs.buf.held()); n != 3 {
			t.Errorf("%d entries within the time that recording goes on", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if r.Logs.Wants(Info) || !r.Logs.Wants(Warning) {
			t.Error("the interest has not ended, or warnings are not wanted")
		}
		r.Logs.Held()
		if !r.Logs.Wants(Trace) {
			t.Error("a snapshot is no interest")
		}
	})
}

func TestTextIsBounded(t *testing.T) {
	r := newTest(t, Options{})
	r.Logs.Record(LogEntry{Message: strings.Repeat("ä", maxText), Category: strings.Repeat("x", 2*maxCategory)})
	e := r.Logs.Held()[0].Value
	if len(e.Message) > maxText || len(e.Category) > maxCategory || !utf8.ValidString(e.Message) || !strings.HasSuffix(e.Message, "bytes cut)") {
		t.Errorf("message of %d, category of %d bytes, ends %q", len(e.Message), len(e.Category), e.Message[len(e.Message)-20:])
	}
	for range 2 * maxLogBytes / maxText {
		r.Logs.Record(LogEntry{Message: strings.Repeat("y", maxText)})
	}
	if r.Logs.buf.bytes > maxLogBytes {
		t.Errorf("%d bytes are kept", r.Logs.buf.bytes)
	}
}

func TestParseLevel(t *testing.T) {
	for text, want := range map[string]Level{"WARN": Warning, "Information": Info, "fatal": Critical, "err": Error, "trace": Trace} {
		if got, ok := ParseLevel(text); !ok || got != want {
			t.Errorf("%s is %v, %v", text, got, ok)
		}
	}
	if _, ok := ParseLevel("loud"); ok {
		t.Error("loud is a level")
	}
	for l := Trace; l <= Critical; l++ {
		if got, ok := ParseLevel(l.String()); !ok || got != l {
			t.Errorf("%v reads back as %v", l, got)
		}
	}
}
