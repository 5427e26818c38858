package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/devflow"
)

// fromNow is a cursor beyond all items: those that follow are asked for.
const fromNow = 1<<31 - 1

type appProfileOptions struct {
	interval time.Duration
	duration time.Duration
}

func newAppProfile(a *appShared) *cobra.Command {
	o := appProfileOptions{}
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "Measure an application for a while",
		Long: `Start a profiler session, show what it measures (CPU, memory, threads, frames), the
markers and the spans, and at the end a summary and the hotspots: the spans that took
longest, by kind and name. CPU is in percent of all cores.

A session that runs already is joined, with its own interval, from now on; it goes on
when the verb ends. One that the verb has started is stopped, also by Ctrl-C.

With --json the session is a line {"session":{...}}, each message of the channel one
line, and each hotspot a line {"hotspot":{...}}.

` + exitCodesHelp,
		Example: `  heliograph app profile
  heliograph app profile --interval 100ms --duration 1m
  heliograph app profile --duration 0
  heliograph app profile --json | jq -c 'select(.type == "batch") | .data.samples[].cpuPercent'`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAppProfile(cmd.Context(), a, o) },
	}
	f := cmd.Flags()
	f.DurationVar(&o.interval, "interval", 500*time.Millisecond, "`TIME` between two samples, 50ms to 1m")
	f.DurationVar(&o.duration, "duration", 10*time.Second, "stop after this `TIME`; 0 means not before the session ends")
	return cmd
}

func runAppProfile(ctx context.Context, a *appShared, o appProfileOptions) (err error) {
	if o.interval < 50*time.Millisecond || o.interval > time.Minute {
		return usagef("--interval %s is not between 50ms and 1m", o.interval)
	}
	if o.duration < 0 {
		return usagef("--duration %s is negative", o.duration)
	}
	c, err := a.dialAgent(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	p := &profile{appShared: a, agent: c, view: newProfileView(a)}
	if err := p.begin(ctx, o.interval); err != nil {
		return err
	}
	defer func() {
		// The session has to end also if the output has.
		err = errors.Join(err, p.leave(ctx))
	}()
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	if err := p.watch(ctx); err != nil {
		return err
	}
	return p.finish(ctx)
}

// A profile is one run of the verb.
type profile struct {
	*appShared
	agent   *client.Agent
	session devflow.ProfilerSessionInfo
	joined  bool // somebody else has started the session
	over    bool // the session has ended, or was ended by us
	view    *profileView
}

// begin starts a session, or joins the one that is active.
func (p *profile) begin(ctx context.Context, interval time.Duration) error {
	sessions, err := p.agent.Sessions(ctx)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if s.Value.IsActive {
			p.session, p.joined = s.Value, true
		}
	}
	if !p.joined {
		if p.session, err = p.agent.StartSession(ctx, interval); err != nil {
			return err
		}
	}
	if p.remote.json {
		return printJSON(p.streams.Out, struct {
			Session devflow.ProfilerSessionInfo `json:"session"`
		}{p.session})
	}
	if own := time.Duration(p.session.SampleIntervalMs) * time.Millisecond; p.joined {
		p.notice("joined the session that runs since %s, with a sample every %s", clock(p.session.StartedAtUTC), own)
	}
	return nil
}

// watch shows the session until it ends or ctx does.
func (p *profile) watch(ctx context.Context) error {
	params := devflow.ProfilerParams{SessionID: p.session.SessionID}
	if p.joined {
		params.SampleCursor, params.MarkerCursor, params.SpanCursor = fromNow, fromNow, fromNow
	}
	sub, err := p.agent.Profile(ctx, params)
	if err != nil {
		return stopped(ctx, err)
	}
	err = follow(ctx, p.appShared, sub, func(w io.Writer, m client.AgentMessage[devflow.ProfilerBatch]) error {
		if m.Type == devflow.TypeStopped {
			p.over = true
		}
		for _, item := range m.Items {
			p.view.count(item.Value)
			if !p.remote.json {
				if err := p.view.print(w, item.Value); err != nil {
					return err
				}
			}
		}
		if p.remote.json {
			return printRaw(w, m.Raw)
		}
		return nil
	})
	var told *client.Error
	if errors.As(err, &told) && told.Code == "not_found" {
		p.over = true // the agent was started anew, or another session took its place
		p.notice("%v", err)
		return nil
	}
	return err
}

// leave ends the session if it is ours. It works also after ctx has ended.
func (p *profile) leave(ctx context.Context) error {
	if p.over || p.joined {
		return nil
	}
	p.over = true
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if err := p.agent.StopSession(ctx, p.session.SessionID); err != nil {
		return fmt.Errorf("stop the session: %w", err)
	}
	return nil
}

// finish prints the summary and the hotspots.
func (p *profile) finish(ctx context.Context) error {
	if err := p.leave(ctx); err != nil {
		return err
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	hotspots, err := p.agent.Hotspots(ctx, devflow.HotspotsQuery{})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(p.streams.Out)
	if !p.remote.json {
		if err := p.view.summary(out, hotspots); err != nil {
			return err
		}
		return out.Flush()
	}
	for _, h := range hotspots {
		if err := printJSON(out, map[string]any{"hotspot": h.Raw}); err != nil {
			return err
		}
	}
	return out.Flush()
}
