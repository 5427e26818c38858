package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/devflow"
)

// A figure sums up one member of samples.
type figure struct {
	n              int
	sum, max, last float64
}

func (f *figure) add(v float64) {
	f.n++
	f.sum += v
	f.last = v
	if f.n == 1 || v > f.max {
		f.max = v
	}
}

func (f *figure) mean() float64 {
	if f.n == 0 {
		return 0
	}
	return f.sum / float64(f.n)
}

// A profileView shows a profile to people. It keeps sums only.
type profileView struct {
	p     painter
	live  bool   // samples replace each other on one line
	shown bool   // such a line is there
	last  string // the line

	samples, markers, spans, failed int
	gcs, jank, stalls               int64
	cpu, native, heap, threads, fps figure
	kind                            string // of native memory
}

func newProfileView(a *appShared) *profileView {
	_, tty := terminal(a.streams.Out)
	return &profileView{p: a.painter(), live: tty && a.streams.env("TERM") != "dumb"}
}

// count adds a batch to the sums.
func (v *profileView) count(b devflow.ProfilerBatch) {
	for _, s := range b.Samples {
		v.samples++
		v.gcs += s.GC0 + s.GC1 + s.GC2
		v.jank += s.JankFrameCount
		v.stalls += s.UIThreadStalls
		if s.CPUPercent != nil {
			v.cpu.add(*s.CPUPercent)
		}
		if s.NativeMemoryBytes != nil {
			v.native.add(float64(*s.NativeMemoryBytes))
			v.kind = s.NativeMemoryKind
		}
		if s.ManagedBytes > 0 {
			v.heap.add(float64(s.ManagedBytes))
		}
		if s.ThreadCount != nil {
			v.threads.add(float64(*s.ThreadCount))
		}
		if s.FPS != nil {
			v.fps.add(*s.FPS)
		}
	}
	v.markers += len(b.Markers)
	v.spans += len(b.Spans)
	for _, s := range b.Spans {
		if s.Status != "ok" && s.Status != "" {
			v.failed++
		}
	}
}

// print writes markers and spans of a batch, each a line, and its samples.
func (v *profileView) print(w io.Writer, b devflow.ProfilerBatch) error {
	var out strings.Builder
	if v.shown && len(b.Samples)+len(b.Markers)+len(b.Spans) > 0 {
		out.WriteString("\r\x1b[K")
		v.shown = false
	}
	for _, m := range b.Markers {
		line := v.p.paint(styleDim, clock(m.TsUTC)) + " " + v.p.paint(styleAmber, "marker") + " " + plain(m.Type) + " " + plain(m.Name)
		if m.PayloadJSON != "" {
			line += " " + v.p.paint(styleDim, plain(m.PayloadJSON))
		}
		out.WriteString(line + "\n")
	}
	for _, s := range b.Spans {
		line := fmt.Sprintf("%s %s %8s %s %s", v.p.paint(styleDim, clock(s.StartTsUTC)), v.p.paint(styleGreen, "span  "), millis(s.DurationMs), plain(s.Kind), plain(s.Name))
		if s.Screen != "" {
			line += " on " + plain(s.Screen)
		}
		if s.Status != "ok" && s.Status != "" {
			line += " " + v.p.paint(styleRed, strings.TrimSpace(plain(s.Status)+" "+plain(s.Error)))
		}
		out.WriteString(line + "\n")
	}
	for _, s := range b.Samples {
		if v.last = v.sample(s); !v.live {
			out.WriteString(v.last + "\n")
		}
	}
	if v.live && v.last != "" && !v.shown {
		out.WriteString(v.last)
		v.shown = true
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// sample gives a sample in a line that fits most terminals.
func (v *profileView) sample(s devflow.ProfilerSample) string {
	line := v.p.paint(styleDim, clock(s.TsUTC)) + " sample"
	if s.CPUPercent != nil {
		line += "  cpu " + v.p.paint(heat(*s.CPUPercent), fmt.Sprintf("%5.1f%%", *s.CPUPercent))
	}
	if s.NativeMemoryBytes != nil {
		line += fmt.Sprintf("  %s %6s", first(plain(s.NativeMemoryKind), "memory"), size(float64(*s.NativeMemoryBytes)))
	}
	if s.ManagedBytes > 0 {
		line += fmt.Sprintf("  heap %6s", size(float64(s.ManagedBytes)))
	}
	if s.ThreadCount != nil {
		line += fmt.Sprintf("  threads %d", *s.ThreadCount)
	}
	if s.FPS != nil {
		line += fmt.Sprintf("  fps %.0f", *s.FPS)
	}
	return line
}

// summary writes what the whole was.
func (v *profileView) summary(w io.Writer, hotspots []client.AgentItem[devflow.ProfilerHotspot]) error {
	if v.shown {
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
	}
	rows := [][]string{{"", "MEAN", "MAX", "LAST"}}
	add := func(name string, f figure, text func(float64) string) {
		if f.n > 0 {
			rows = append(rows, []string{name, text(f.mean()), text(f.max), text(f.last)})
		}
	}
	number := func(n float64) string { return fmt.Sprintf("%.0f", n) }
	add("cpu", v.cpu, func(n float64) string { return fmt.Sprintf("%.1f%%", n) })
	add(first(v.kind, "memory"), v.native, size)
	add("heap", v.heap, size)
	add("threads", v.threads, number)
	add("fps", v.fps, number)
	fmt.Fprintf(w, "\n%d samples, %d markers, %d spans (%d failed)", v.samples, v.markers, v.spans, v.failed)
	for _, c := range []struct {
		n    int64
		what string
	}{{v.gcs, "collections"}, {v.jank, "janky frames"}, {v.stalls, "stalls"}} {
		if c.n > 0 {
			fmt.Fprintf(w, ", %d %s", c.n, c.what)
		}
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	if len(rows) > 1 {
		if err := table(w, rows); err != nil {
			return err
		}
	}
	return hotspotTable(w, hotspots)
}

func hotspotTable(w io.Writer, hotspots []client.AgentItem[devflow.ProfilerHotspot]) error {
	if len(hotspots) == 0 {
		_, err := io.WriteString(w, "\nno hotspots: no span took 16 ms\n")
		return err
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	rows := [][]string{{"HOTSPOT", "KIND", "COUNT", "FAILED", "MEAN", "P95", "MAX"}}
	for _, item := range hotspots {
		h := item.Value
		name := h.Name
		if h.Screen != "" {
			name += " on " + h.Screen
		}
		rows = append(rows, []string{
			name, h.Kind, fmt.Sprint(h.Count), fmt.Sprint(h.ErrorCount),
			millis(h.AvgDurationMs), millis(h.P95DurationMs), millis(h.MaxDurationMs),
		})
	}
	return table(w, rows)
}
