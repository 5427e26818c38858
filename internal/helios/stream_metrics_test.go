package helios

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/topic"
)

// measured returns a topic of which every measurement has the time at which it was
// taken.
func measured() *topic.Topic[video.Metrics] {
	return topic.New(topic.Options[video.Metrics]{
		HistoryItems: 1,
		Source:       topic.Sample(func(context.Context) (video.Metrics, error) { return video.Metrics{At: time.Now()}, nil }, nil),
	})
}

// gaps reads from a pace until the limit and returns the times between what it gives,
// the first one since the pace was made.
func gaps(t *testing.T, p *metricsPace, woken <-chan struct{}, limit time.Duration) (list []time.Duration) {
	t.Helper()
	end := time.After(limit)
	last := time.Now()
	for {
		var items [2]topic.Item[video.Metrics]
		n, err := p.Fill(items[:])
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			at := items[0].Event.Value.At
			list = append(list, at.Sub(last))
			last = at
			continue
		}
		select {
		case <-woken:
		case <-end:
			return list
		}
	}
}

func pace(t *testing.T, measurements *topic.Topic[video.Metrics], every time.Duration) (*metricsPace, <-chan struct{}) {
	t.Helper()
	woken := make(chan struct{}, 1)
	p, err := newMetricsPace(measurements, every, time.Now(), func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, woken
}

// A client never gets metrics sooner than its interval after the last, whatever others
// want; alone it gets them exactly then.
func TestMetricsPace(t *testing.T) {
	for _, c := range []struct {
		name          string
		every, others time.Duration
		want          time.Duration
	}{
		{"alone", time.Second, 0, time.Second},
		{"beside a faster one", time.Second, 700 * time.Millisecond, 1400 * time.Millisecond},
		{"beside a much faster one", time.Second, 250 * time.Millisecond, time.Second},
		{"beside a slower one", 250 * time.Millisecond, 10 * time.Second, 250 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			measurements := measured()
			defer measurements.Close()
			if c.others > 0 {
				other, _ := pace(t, measurements, c.others)
				defer other.close()
			}
			p, woken := pace(t, measurements, c.every)
			defer p.close()
			list := gaps(t, p, woken, 30*time.Second)
			if want := int(30*time.Second/c.want) - 1; len(list) < want {
				t.Errorf("%s: %d measurements, want %d", c.name, len(list), want)
			}
			for _, gap := range list {
				if gap != c.want {
					t.Errorf("%s: %v after the last, want %v", c.name, gap, c.want)
				}
			}
		})
	}
}

func TestMetricsPaceChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		measurements := measured()
		defer measurements.Close()
		p, woken := pace(t, measurements, 10*time.Second)
		defer p.close()
		if list := gaps(t, p, woken, 5*time.Second); len(list) != 0 {
			t.Errorf("every 10 s: %v", list)
		}
		p.set(250 * time.Millisecond)
		if list := gaps(t, p, woken, 5*time.Second); len(list) < 18 || list[len(list)-1] != 250*time.Millisecond {
			t.Errorf("every 250 ms: %v", list)
		}
	})
}

// processTree makes a procfs with one process, ourselves.
func processTree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "42")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("42", filepath.Join(root, "self")); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const (
	someStatus = "Name:\tx\nVmRSS:\t    2028 kB\nRssAnon:\t     152 kB\nRssFile:\t    1876 kB\nRssShmem:\t       0 kB\nVmData:\t     292 kB\nVmSwap:\t       7 kB\n"
	someRollup = "565007102000-7fffe9d9d000 ---p 00000000 00:00 0                          [rollup]\nRss:                1732 kB\nPss:                 342 kB\n"
)

func TestMemoryGauge(t *testing.T) {
	g := &memoryGauge{proc: processTree(t, map[string]string{"status": someStatus, "smaps_rollup": someRollup}), log: slog.New(slog.DiscardHandler)}
	m := g.read()
	if m == nil || m.RssBytes != 2028<<10 || m.RssAnonBytes != 152<<10 || m.RssFileBytes != 1876<<10 || m.RssShmemBytes != 0 ||
		m.VMDataBytes != 292<<10 || m.SwapBytes != 7<<10 || m.PssBytes == nil || *m.PssBytes != 342<<10 || m.SampledAtMS == 0 {
		t.Errorf("%+v", m)
	}
	g = &memoryGauge{proc: processTree(t, map[string]string{"status": someStatus}), log: slog.New(slog.DiscardHandler)}
	if m := g.read(); m == nil || m.PssBytes != nil {
		t.Errorf("without a rollup: %+v", m)
	}
	for name, root := range map[string]string{
		"no procfs": filepath.Join(t.TempDir(), "none"), "no process": t.TempDir(), "no status": processTree(t, nil),
	} {
		g := &memoryGauge{proc: root, log: slog.New(slog.DiscardHandler)}
		if m := g.read(); m != nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// The figures are read at most every memoryAge, however many ask.
func TestMemoryGaugeReadsSeldom(t *testing.T) {
	root := processTree(t, map[string]string{"status": someStatus})
	synctest.Test(t, func(t *testing.T) {
		g := &memoryGauge{proc: root, log: slog.New(slog.DiscardHandler)}
		first := g.read()
		if again := g.read(); again != first {
			t.Error("read again at once")
		}
		<-time.After(memoryAge)
		if again := g.read(); again == first || again == nil {
			t.Errorf("after %v it is %+v", memoryAge, again)
		}
	})
}

// 8.4: what was not measured is null, and nothing that must not be null is.
func TestConvertNothing(t *testing.T) {
	s := someVideoStream(t)
	text, err := json.Marshal(streamMetrics(video.Metrics{}, s, nil))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"encoder", "decoder", "preview_transport", "encoder_demand", "pipeline", "pipeline_instances"} {
		if v, ok := got[key]; !ok || v != nil {
			t.Errorf("%s is %v", key, v)
		}
	}
	memory := got["memory"].(map[string]any)
	for _, key := range []string{"external_backings", "packed_pools"} {
		if !reflect.DeepEqual(memory[key], []any{}) {
			t.Errorf("%s is %v", key, memory[key])
		}
	}
}

func TestConvertMetrics(t *testing.T) {
	at := time.UnixMilli(1930000008000)
	stage := video.Stage{FPS: 25, Interval: 40 * time.Millisecond, LastInterval: 41 * time.Millisecond, Work: 1500 * time.Microsecond, LastWork: time.Millisecond, Count: 500}
	out := streamMetrics(video.Metrics{
		Capture: stage, Encoder: &video.Codec{Stage: stage, Errors: 2, Backpressure: 3}, Viewers: 2, HeldFrames: 4,
		Transport: &video.Transport{Queue: time.Millisecond, EndToEnd: 3 * time.Millisecond, Replaced: 9},
		Starts:    3, Failures: 2, LastError: "unplugged", LastErrorAt: at, Dropped: 5, Thinned: 6, Bytes: 7,
	}, someVideoStream(t), nil)
	if c := out.Capture; c.FPS != 25 || c.AverageTimeMS != 40 || c.LastTimeMS != 41 || c.WorkAverageTimeMS != 1.5 || c.WorkLastTimeMS != 1 || c.SampleCount != 500 {
		t.Errorf("capture %+v", c)
	}
	if e := out.Encoder; e.Processed != 500 || e.SampleCount != video.WindowSize || e.Errors != 2 || e.Backpressure != 3 {
		t.Errorf("encoder %+v", e)
	}
	if d := out.EncoderDemand; d == nil || d.BroadcastReceiverCount != 2 || !d.EncoderDemandActive || !d.EncoderWorkerRunning {
		t.Errorf("encoder demand %+v", d)
	}
	if p := out.PreviewTransport; p.QueueAverageTimeMS != 1 || p.EndToEndAverageTimeMS != 3 || p.ReplacedPendingFrames != 9 {
		t.Errorf("transport %+v", p)
	}
	if s := out.Source; s.Starts != 3 || s.Failures != 2 || *s.LastError != "unplugged" || *s.LastErrorAtMS != 1930000008000 ||
		s.DroppedFrames != 5 || s.ThinnedFrames != 6 || s.PublishedBytes != 7 {
		t.Errorf("source %+v", s)
	}
	if q := out.Memory.CaptureQueue; q.Depth != 4 || q.Depth > q.Capacity {
		t.Errorf("queue %+v", q)
	}
}
