package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

type topOptions struct {
	interval time.Duration
	limit    uint64
	sort     string
	filter   string
	once     bool
	json     bool
}

func newTop(s *shared) *cobra.Command {
	o := topOptions{}
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Show telemetry and processes, live",
		Long: `Show the telemetry and the processes of the device, live. The share of the CPU of
a process is that of the whole machine, 0 to 100.

With --once or --json, or when the output is no terminal, one snapshot is printed
instead; it takes two intervals, because shares need two readings.

Keys: c m v p n sort by CPU, memory, virtual memory, process id, name; r reverses;
/ filters (Enter keeps, Esc clears); up, down, PgUp, PgDn, Home scroll; space
pauses; q quits. When the connection is lost, the last values stay, with their
age, until it is back.

` + exitCodesHelp,
		Example: `  heliograph top
  heliograph top --sort memory --filter chrom
  heliograph top --once | head -30
  heliograph top --json | jq '.processes.processes[:3]'`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.json = s.remote.json
			return runTop(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.DurationVarP(&o.interval, "interval", "i", time.Second, "time between two readings, 250ms to 10s")
	f.Uint64Var(&o.limit, "limit", 2000, "most processes to ask for, 10 to 2000; the server takes those that use most CPU")
	f.StringVar(&o.sort, "sort", "cpu", "`KEY` to sort by: cpu, memory, virtual, pid or name")
	f.StringVar(&o.filter, "filter", "", "show only processes with this `TEXT` in their name, command or id")
	f.BoolVar(&o.once, "once", false, "print one snapshot")
	_ = cmd.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(sortKeys(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func sortKeys() []string { return []string{"cpu", "memory", "virtual", "pid", "name"} }

func runTop(ctx context.Context, s *shared, o topOptions) error {
	if !slices.Contains(sortKeys(), o.sort) {
		return usagef("--sort %q is not one of %s", o.sort, strings.Join(sortKeys(), ", "))
	}
	if o.interval < 250*time.Millisecond || o.interval > 10*time.Second {
		return usagef("--interval %s is not between 250ms and 10s", o.interval)
	}
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	telemetry, err := c.Telemetry(ctx, helios.TelemetryParams{IntervalMS: uint64(o.interval.Milliseconds())})
	if err != nil {
		return err
	}
	defer telemetry.Close()
	processes, err := c.Processes(ctx, helios.ProcessesParams{IntervalMS: uint64(o.interval.Milliseconds()), Limit: o.limit})
	if err != nil {
		return err
	}
	defer processes.Close()
	feeds := topFeeds{telemetry, processes}
	_, outTTY := terminal(s.streams.Out)
	in, inTTY := terminal(s.streams.In)
	if o.once || o.json || !outTTY || !inTTY {
		return topOnce(ctx, s, o, feeds)
	}
	return topLive(ctx, s, o, feeds, c.URL(), in)
}

// topFeeds are the two subscriptions that top shows.
type topFeeds struct {
	telemetry *client.Subscription[helios.TelemetrySample]
	processes *client.Subscription[helios.ProcessesServerEvent]
}

// topOnce prints one snapshot: the second one, whose shares of the CPU are real.
func topOnce(ctx context.Context, s *shared, o topOptions, feeds topFeeds) error {
	m := topModel{sort: o.sort, filter: o.filter}
	for snapshots := 0; snapshots < 2; {
		e, err := feeds.processes.Next(ctx)
		if err != nil {
			return err
		}
		if e.Gap != nil || e.Err != nil {
			return brokenOff(e.Gap, e.Err)
		}
		m.takeProcesses(e)
		if _, ok := e.Value.(helios.ProcessesSnapshotEvent); ok {
			snapshots++
		}
	}
	for m.sample == nil {
		e, err := feeds.telemetry.Next(ctx)
		if err != nil {
			return err
		}
		if e.Gap != nil || e.Err != nil {
			return brokenOff(e.Gap, e.Err)
		}
		m.takeTelemetry(e)
	}
	if o.json {
		m.snapshot.Processes = m.rows()
		return printJSON(s.streams.Out, struct {
			Telemetry *helios.TelemetrySample   `json:"telemetry"`
			Processes *helios.ProcessesSnapshot `json:"processes"`
		}{m.sample, m.snapshot})
	}
	_, err := fmt.Fprintln(s.streams.Out, strings.Join(plainSnapshot(&m), "\n"))
	return err
}

func brokenOff(gap *client.Gap, err error) error {
	if gap != nil {
		return fmt.Errorf("connection lost: %w", gap.Cause)
	}
	return err
}

// A topModel is what top knows and how it shall be shown.
type topModel struct {
	sample     *helios.TelemetrySample
	snapshot   *helios.ProcessesSnapshot
	sampleAt   time.Time // arrival
	snapshotAt time.Time
	lost       *client.Gap // the connection is down
	problem    string      // what a channel told last

	sort    string
	reverse bool
	filter  string
	typing  bool // the filter is being typed
	paused  bool
	scroll  int
}

func (m *topModel) takeTelemetry(e client.Event[helios.TelemetrySample]) {
	if m.takeTrouble(e.Gap, e.Err) || m.paused {
		return
	}
	m.sample, m.sampleAt = &e.Value, e.At
}

func (m *topModel) takeProcesses(e client.Event[helios.ProcessesServerEvent]) {
	if m.takeTrouble(e.Gap, e.Err) || m.paused {
		return
	}
	if v, ok := e.Value.(helios.ProcessesSnapshotEvent); ok {
		m.snapshot, m.snapshotAt = &v.Snapshot, e.At
	}
}

// takeTrouble notes what is no value.
func (m *topModel) takeTrouble(gap *client.Gap, err error) bool {
	switch {
	case gap != nil && gap.Back():
		m.lost = nil
	case gap != nil:
		m.lost = gap
	case err != nil:
		m.problem = err.Error()
	default:
		m.problem = ""
		return false
	}
	return true
}

// rows gives the processes to show, in order.
func (m *topModel) rows() []helios.ProcessSample {
	rows := []helios.ProcessSample{}
	if m.snapshot == nil {
		return rows
	}
	for _, p := range m.snapshot.Processes {
		if matches(p, m.filter) {
			rows = append(rows, p)
		}
	}
	slices.SortStableFunc(rows, m.compare)
	return rows
}

// compare orders by the chosen key, large before small for amounts; equal ones
// by process id.
func (m *topModel) compare(a, b helios.ProcessSample) int {
	var order int
	switch m.sort {
	case "memory":
		order = cmp.Compare(b.MemoryBytes, a.MemoryBytes)
	case "virtual":
		order = cmp.Compare(b.VirtualMemoryBytes, a.VirtualMemoryBytes)
	case "pid":
		order = cmp.Compare(a.PID, b.PID)
	case "name":
		order = strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	default:
		order = cmp.Or(cmp.Compare(b.CPUPercent, a.CPUPercent), cmp.Compare(b.MemoryBytes, a.MemoryBytes))
	}
	if m.reverse {
		order = -order
	}
	return cmp.Or(order, cmp.Compare(a.PID, b.PID))
}

func matches(p helios.ProcessSample, filter string) bool {
	filter = strings.ToLower(filter)
	return filter == "" ||
		strings.Contains(strings.ToLower(p.Name), filter) ||
		strings.Contains(strings.ToLower(strings.Join(p.Cmd, " ")), filter) ||
		fmt.Sprint(p.PID) == filter
}

var errQuit = errors.New("quit")
