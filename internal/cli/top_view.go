package cli

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/heliograph/heliograph/client/helios"
)

// Styles of the live view; the plain snapshot uses none.
const (
	styleBold  = "\x1b[1m"
	styleDim   = "\x1b[2m"
	styleRed   = "\x1b[31m"
	styleGreen = "\x1b[32m"
	styleAmber = "\x1b[33m"
	styleTitle = "\x1b[7m"
	styleOff   = "\x1b[0m"
)

// A painter writes text for a terminal or, without colour, for a file.
type painter struct {
	colour bool
	width  int
}

func (p painter) paint(style, s string) string {
	if !p.colour || style == "" {
		return s
	}
	return style + s + styleOff
}

// heat chooses a colour for a load in percent.
func heat(percent float64) string {
	switch {
	case percent >= 90:
		return styleRed
	case percent >= 60:
		return styleAmber
	}
	return styleGreen
}

// bar draws a load in percent into width cells.
func (p painter) bar(percent float64, width int) string {
	if width < 3 {
		return ""
	}
	if math.IsNaN(percent) {
		percent = 0
	}
	percent = min(max(percent, 0), 100)
	full := int(math.Round(percent / 100 * float64(width-2)))
	return "[" + p.paint(heat(percent), strings.Repeat("|", full)) + strings.Repeat(" ", width-2-full) + "]"
}

// size gives bytes with a binary unit in at most six cells.
func size(bytes float64) string {
	units := []string{"B", "K", "M", "G", "T", "P"}
	i := 0
	for bytes >= 999.5 && i < len(units)-1 {
		bytes /= 1024
		i++
	}
	if i == 0 || bytes >= 99.95 {
		return fmt.Sprintf("%.0f%s", bytes, units[i])
	}
	return fmt.Sprintf("%.1f%s", bytes, units[i])
}

func percentOf(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

// telemetryLines gives the part of the view above the processes.
func (p painter) telemetryLines(m *topModel) []string {
	sample := m.sample
	if sample == nil {
		return []string{"waiting for telemetry"}
	}
	lines := []string{p.cpuLine(sample.CPU)}
	lines = append(lines, p.coreLines(sample.CPU.Cores)...)
	mem := sample.Memory
	lines = append(lines, fmt.Sprintf("Mem  %s %5.1f%%  %s of %s used", p.bar(percentOf(mem.UsedBytes, mem.TotalBytes), 22),
		percentOf(mem.UsedBytes, mem.TotalBytes), size(float64(mem.UsedBytes)), size(float64(mem.TotalBytes))))
	lines = append(lines, p.diskLines(sample.Disks)...)
	if other := otherLine(sample); other != "" {
		lines = append(lines, other)
	}
	return lines
}

func (p painter) cpuLine(cpu helios.CPU) string {
	line := fmt.Sprintf("CPU  %s %5.1f%%", p.bar(cpu.UsagePercent, 22), cpu.UsagePercent)
	if cpu.TemperatureC != nil {
		line += fmt.Sprintf("  %.1f °C", *cpu.TemperatureC)
	}
	if t := cpu.Throttle; t != nil && (t.Undervoltage || t.Throttled || t.FrequencyCapped || t.SoftTempLimit) {
		line += "  " + p.paint(styleRed, throttleText(*t))
	}
	return line
}

func throttleText(t helios.Throttle) string {
	var parts []string
	for _, flag := range []struct {
		on   bool
		text string
	}{{t.Undervoltage, "undervoltage"}, {t.Throttled, "throttled"}, {t.FrequencyCapped, "frequency capped"}, {t.SoftTempLimit, "too warm"}} {
		if flag.on {
			parts = append(parts, flag.text)
		}
	}
	return strings.Join(parts, ", ")
}

// maxCoreLines and maxDiskLines leave room for the processes.
const (
	maxCoreLines = 4
	maxDiskLines = 3
	coreCells    = 20
)

// coreLines gives the cores, several on a line.
func (p painter) coreLines(cores []helios.Core) []string {
	each := max(1, (p.width-5)/(coreCells+1))
	var lines []string
	for start := 0; start < len(cores) && len(lines) < maxCoreLines; start += each {
		var cells []string
		for _, core := range cores[start:min(start+each, len(cores))] {
			cells = append(cells, fmt.Sprintf("%3d %s%4.0f%%", core.ID, p.bar(core.UsagePercent, 11), core.UsagePercent))
		}
		lines = append(lines, "     "+strings.Join(cells, " "))
	}
	if shown := len(lines) * each; shown < len(cores) {
		lines = append(lines, fmt.Sprintf("     and %d more cores", len(cores)-shown))
	}
	return lines
}

func (p painter) diskLines(disks []helios.Disk) []string {
	var lines []string
	for _, d := range disks[:min(len(disks), maxDiskLines)] {
		used := percentOf(d.UsedBytes, d.TotalBytes)
		lines = append(lines, fmt.Sprintf("Disk %s %5.1f%%  %s of %s used  %s", p.bar(used, 22), used,
			size(float64(d.UsedBytes)), size(float64(d.TotalBytes)), clean(d.Mount)))
	}
	if more := len(disks) - maxDiskLines; more > 0 {
		lines = append(lines, fmt.Sprintf("     and %d more filesystems", more))
	}
	return lines
}

// otherLine gives what fits on one line: network, power, graphics.
func otherLine(sample *helios.TelemetrySample) string {
	var parts []string
	if n := sample.Network; n != nil {
		parts = append(parts, fmt.Sprintf("Net  %s/s in  %s/s out", size(n.RxBytesPerSec), size(n.TxBytesPerSec)))
	}
	if p := sample.Power; p != nil && p.Watts != nil {
		parts = append(parts, fmt.Sprintf("Power %.1f W", *p.Watts))
	}
	if g := sample.GPU; g != nil && g.UsagePercent != nil {
		parts = append(parts, fmt.Sprintf("GPU %.0f%%", *g.UsagePercent))
	}
	return strings.Join(parts, "   ")
}

// tableHead names the columns and marks the one that orders them.
func (p painter) tableHead(m *topModel) string {
	mark := func(key, title string) string {
		if m.sort != key {
			return title
		}
		if m.reverse {
			return title + "▲"
		}
		return title + "▼"
	}
	head := fmt.Sprintf("%8s %7s %8s %8s %-6s %s", mark("pid", "PID"), mark("cpu", "CPU%"),
		mark("memory", "MEM"), mark("virtual", "VIRT"), "STATE", mark("name", "NAME")+"  COMMAND")
	return p.paint(styleTitle, fit(head, p.width))
}

func (p painter) processLine(s helios.ProcessSample) string {
	line := fmt.Sprintf("%8d %7.1f %8s %8s %-6.6s %s", s.PID, s.CPUPercent, size(float64(s.MemoryBytes)),
		size(float64(s.VirtualMemoryBytes)), shortState(s.Status), clean(s.Name))
	if len(s.Cmd) > 0 {
		line += "  " + clean(strings.Join(s.Cmd, " "))
	}
	return line
}

// shortState makes long states fit their column.
func shortState(state string) string {
	switch state {
	case "UninterruptibleDiskSleep":
		return "Disk"
	case "":
		return "?"
	}
	return clean(state)
}

// plainSnapshot gives everything once, without colours and without cutting lines.
func plainSnapshot(m *topModel) []string {
	p := painter{width: 120}
	lines := append([]string{time.UnixMilli(int64(m.sample.TimestampMS)).Format(time.DateTime)}, p.telemetryLines(m)...)
	rows := m.rows()
	lines = append(lines, "", strings.TrimRight(p.tableHead(m), " "))
	for _, row := range rows {
		lines = append(lines, p.processLine(row))
	}
	return lines
}

// A screen is what the live view shows: exactly height lines.
func liveScreen(m *topModel, server string, now time.Time, width, height int) []string {
	p := painter{colour: true, width: width}
	lines := []string{p.titleLine(m, server, now)}
	for _, line := range p.telemetryLines(m) {
		lines = append(lines, fit(line, width))
	}
	rows := m.rows()
	room := max(height-len(lines)-2, 1)
	m.scroll = min(max(m.scroll, 0), max(len(rows)-room, 0))
	lines = append(lines, p.tableHead(m))
	for _, row := range rows[m.scroll:min(m.scroll+room, len(rows))] {
		lines = append(lines, fit(p.processLine(row), width))
	}
	for len(lines) < height-1 {
		lines = append(lines, "")
	}
	lines = lines[:max(height-1, 0)]
	return append(lines, p.footLine(m, len(rows)))
}

// titleLine tells where the values come from and how old they are.
func (p painter) titleLine(m *topModel, server string, now time.Time) string {
	title := "heliograph top  " + server
	style := styleBold
	oldest := m.sampleAt
	if m.snapshotAt.Before(oldest) {
		oldest = m.snapshotAt
	}
	switch {
	case m.lost != nil:
		style = styleRed + styleBold
		title += fmt.Sprintf("  CONNECTION LOST %s ago, values are old", now.Sub(m.lost.Since).Round(time.Second))
	case m.paused:
		style = styleAmber + styleBold
		title += fmt.Sprintf("  PAUSED, values are %s old", now.Sub(oldest).Round(time.Second))
	case m.problem != "":
		style = styleAmber + styleBold
		title += "  " + clean(m.problem)
	case !oldest.IsZero():
		title += fmt.Sprintf("  age %.1f s", max(now.Sub(oldest), 0).Seconds())
		if now.Sub(oldest) > 5*time.Second {
			style = styleAmber + styleBold
		}
	}
	return p.paint(style, fit(title, p.width))
}

func (p painter) footLine(m *topModel, shown int) string {
	if m.typing {
		return fit("filter: "+clean(m.filter)+"_", p.width)
	}
	foot := fmt.Sprintf("%d processes", shown)
	if m.filter != "" {
		foot += " with \"" + clean(m.filter) + "\""
	}
	return p.paint(styleDim, fit(foot+"   c cpu  m mem  v virt  p pid  n name  r reverse  / filter  space pause  q quit", p.width))
}
