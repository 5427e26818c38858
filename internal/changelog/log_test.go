package changelog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if mode := os.Getenv("CHANGELOG_TEST_CHILD"); mode != "" {
		childMain(mode)
		return
	}
	goleak.VerifyTestMain(m)
}

func mustOpen(t testing.TB, opts Options) *Log {
	t.Helper()
	l, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func mustClose(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// at returns a clock that stands still.
func at(ms int64) func() time.Time { return func() time.Time { return time.UnixMilli(ms) } }

func put(id string) Change {
	return Change{Method: "PUT", Path: "/v1/streams/" + id, Status: 200, RequestID: "r", Who: "ci", Remote: "127.0.0.1:1"}
}

func denied(id string) Change {
	return Change{Method: "DELETE", Path: "/v1/streams/" + id, Status: 403, Who: "guest", Remote: "10.1.2.3:99"}
}

// fileEvents reads the journal as somebody else would.
func fileEvents(t testing.TB, dir string) []Event {
	t.Helper()
	var events []Event
	for _, name := range []string{olderFile, currentFile} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		for line := range bytes.Lines(b) {
			var e Event
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatalf("line %q: %v", line, err)
			}
			events = append(events, e)
		}
	}
	return events
}

func TestRecordNumbersAndPublishes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "deep")
	l := mustOpen(t, Options{Dir: dir, Now: at(1_930_000_004_000)})
	sub, err := l.Topic().Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var got []Event
	for _, c := range []Change{put("a"), put("a"), denied("a"), put("b"), put("a")} {
		got = append(got, l.Record(c))
	}
	wantSeq := []uint64{1, 2, 0, 3, 4}
	const base = 1_930_000_004_000
	wantRev := []uint64{base, base + 1, 0, base, base + 2}
	for i, e := range got {
		if e.Seq != wantSeq[i] || e.Revision != wantRev[i] || e.IsChange() != (wantSeq[i] > 0) || e.TimestampMS != base || e.Epoch != l.Topic().Epoch() {
			t.Errorf("event %d: %+v", i, e)
		}
	}
	for _, i := range []int{0, 1, 3, 4} {
		item, err := sub.Next(t.Context())
		if err != nil || item.Event.Seq != item.Event.Value.Seq || !reflect.DeepEqual(item.Event.Value, got[i]) {
			t.Errorf("published %+v, %v", item.Event, err)
		}
	}
	if sub.Lag() != 0 {
		t.Error("an audit entry was published")
	}
	if recent := l.Recent(-1); !reflect.DeepEqual(recent, got) {
		t.Errorf("recent %+v", recent)
	}
	if recent := l.Recent(2); !reflect.DeepEqual(recent, got[3:]) {
		t.Errorf("recent two %+v", recent)
	}
	if n := len(l.Recent(0)); n != 0 {
		t.Errorf("recent none gives %d", n)
	}
	if events := fileEvents(t, dir); !reflect.DeepEqual(events, got) {
		t.Errorf("file %+v", events)
	}
	if h := l.Health(); !h.Durable || h.Err != nil || h.Unsaved != 0 || !h.Since.IsZero() {
		t.Errorf("health %+v", h)
	}
	for _, name := range []string{currentFile, markFile} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("directory has mode %v", info.Mode())
	}
}

func TestReopenKeepsHistoryAndNumbersOn(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir, Now: at(5000)})
	first := []Event{l.Record(put("a")), l.Record(denied("a")), l.Record(put("a"))}
	mustClose(t, l)
	l = mustOpen(t, Options{Dir: dir, Now: at(4000)}) // the clock went back
	if recent := l.Recent(-1); !reflect.DeepEqual(recent, first) {
		t.Errorf("recent %+v", recent)
	}
	e := l.Record(put("a"))
	if e.Seq != 1 || e.Revision <= first[2].Revision || e.Epoch == first[2].Epoch {
		t.Errorf("after restart %+v", e)
	}
	if len(l.Topic().Snapshot()) != 1 {
		t.Error("changes of an earlier process are in the topic")
	}
}

func TestMemoryOnly(t *testing.T) {
	l := mustOpen(t, Options{Now: at(7000)})
	if e := l.Record(put("a")); e.Seq != 1 || e.Revision != 7000 {
		t.Errorf("got %+v", e)
	}
	if h := l.Health(); h.Durable || h.Err != nil || h.Unsaved != 0 {
		t.Errorf("health %+v", h)
	}
	mustClose(t, l)
}

func TestRecordAfterClose(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir})
	l.Record(put("a"))
	mustClose(t, l)
	mustClose(t, l)
	if e := l.Record(put("a")); e.Seq != 2 || len(l.Recent(-1)) != 2 {
		t.Errorf("got %+v", e)
	}
	if events := fileEvents(t, dir); len(events) != 1 {
		t.Errorf("file has %d entries", len(events))
	}
	if _, err := l.Topic().Subscribe(topic.SubscribeOptions{}); !errors.Is(err, topic.ErrClosed) {
		t.Errorf("topic: %v", err)
	}
}

// One order everywhere: what Record returned, the topic, Recent and the file.
func TestOrderUnderConcurrency(t *testing.T) {
	const workers, each = 8, 300
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir, Keep: workers * each, MaxBytes: 64 << 20})
	// The topic holds 1024 events; the reader runs beside the writers and must
	// see what it misses told, not swallowed.
	sub, err := l.Topic().Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	var wg sync.WaitGroup
	returned := make([][]Event, workers)
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				c := put(fmt.Sprint("s", i%3))
				if i%10 == 9 {
					c = denied("s")
				}
				returned[w] = append(returned[w], l.Record(c))
			}
		})
	}
	var published []Event
	missed := uint64(0)
	for uint64(len(published))+missed < workers*each*9/10 {
		item, err := sub.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		missed += item.Missed
		published = append(published, item.Event.Value)
	}
	wg.Wait()
	recent := l.Recent(-1)
	if len(recent) != workers*each {
		t.Fatalf("recent holds %d", len(recent))
	}
	checkOrder(t, recent)
	if file := fileEvents(t, dir); !reflect.DeepEqual(file, recent) {
		t.Error("the file has another order than Recent")
	}
	changes := slices.DeleteFunc(slices.Clone(recent), func(e Event) bool { return !e.IsChange() })
	for _, e := range published {
		if !reflect.DeepEqual(e, changes[e.Seq-1]) {
			t.Fatalf("published %+v, recorded %+v", e, changes[e.Seq-1])
		}
	}
	for _, events := range returned {
		last := uint64(0)
		for _, e := range events {
			if e.IsChange() && (e.Seq <= last || !reflect.DeepEqual(e, changes[e.Seq-1])) {
				t.Fatalf("returned %+v after %d", e, last)
			}
			last = max(last, e.Seq)
		}
	}
}

// checkOrder checks that sequence numbers are dense and revisions grow by one.
func checkOrder(t *testing.T, events []Event) {
	t.Helper()
	seq, revision := uint64(0), map[subject]uint64{}
	for _, e := range events {
		if !e.IsChange() {
			continue
		}
		s := subjectOf(e)
		if e.Seq != seq+1 || revision[s] != 0 && e.Revision != revision[s]+1 {
			t.Fatalf("%+v after %d, revision %d", e, seq, revision[s])
		}
		seq, revision[s] = e.Seq, e.Revision
	}
}

func TestSizeIsBounded(t *testing.T) {
	dir := t.TempDir()
	opts := Options{Dir: dir, MaxBytes: 128 << 10, Keep: 50}
	l := mustOpen(t, opts)
	var last Event
	for i := range 3000 {
		last = l.Record(put(fmt.Sprint(i % 7)))
		if i%100 == 0 {
			checkSize(t, dir, opts.MaxBytes)
		}
	}
	mustClose(t, l)
	checkSize(t, dir, opts.MaxBytes)
	file := fileEvents(t, dir)
	if len(file) < 150 || file[len(file)-1].Seq != 3000 {
		t.Errorf("file has %d entries", len(file))
	}
	checkOrder(t, renumber(file))
	l = mustOpen(t, opts)
	if recent := l.Recent(-1); !reflect.DeepEqual(recent, file[len(file)-50:]) || !reflect.DeepEqual(recent[49], last) {
		t.Error("Recent is not the end of the file")
	}
}

// renumber makes the first event the first of its process, for checkOrder.
func renumber(events []Event) []Event {
	out := slices.Clone(events)
	for i := range out {
		out[i].Seq -= events[0].Seq - 1
	}
	return out
}

func checkSize(t *testing.T, dir string, limit int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > limit+slots*slotSize {
		t.Fatalf("%d bytes in %d files, limit %d", total, len(entries), limit)
	}
}

func TestNewestWinsOverATakenOverMark(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir, Now: at(9_000_000)})
	e := l.Record(put("a"))
	mustClose(t, l)
	// The mark is lost, the journal is not.
	if err := os.Remove(filepath.Join(dir, markFile)); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, Options{Dir: dir, Now: at(1)})
	if again := l.Record(put("a")); again.Revision <= e.Revision {
		t.Errorf("revision %d after %d", again.Revision, e.Revision)
	}
}

func TestMarkIsRaisedBeforeItIsReached(t *testing.T) {
	dir := t.TempDir()
	l := mustOpen(t, Options{Dir: dir, Now: at(1000)})
	l.Record(put("a"))
	// As if 65,535 changes of this stream had gone by.
	l.mu.Lock()
	l.counters.by[subject{kind: KindStreamLifecycle, id: "a"}].Value.(*counter).value = l.mark.value - 1
	l.mu.Unlock()
	for range 3 {
		if e := l.Record(put("a")); readMark(dir) < e.Revision {
			t.Fatalf("revision %d is above the mark %d", e.Revision, readMark(dir))
		}
	}
}

// Subscribers that stop reading hold nobody up and are told what they lost.
func TestStalledSubscriber(t *testing.T) {
	l := mustOpen(t, Options{})
	sub, err := l.Topic().Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	for range 1024 + 76 {
		l.Record(put("a"))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	item, err := sub.Next(ctx)
	if err != nil || item.Missed != 76 || item.Event.Value.Seq != 77 {
		t.Errorf("got %+v, %v", item, err)
	}
}

func BenchmarkRecord(b *testing.B) {
	l := mustOpen(b, Options{Dir: b.TempDir()})
	c := put("6f1c1d1e-2a3b-4c5d-8e9f-001122334455")
	b.ReportAllocs()
	for b.Loop() {
		l.Record(c)
	}
}
