package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

// otaRequester is who asked for an update, for the device's records.
const otaRequester = "heliograph ota"

func newOTA(s *shared, root *cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ota",
		Short: "Update the system of the device",
		Long: `Update the system of the device: upload an image, apply it, and see what becomes
of it. select, bundle and keygen belong to the built-in update engine and talk to
no server.

` + exitCodesHelp,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newOTAStatus(s), newOTASlots(s), newOTAHistory(s), newOTAWatch(s), newOTAUpload(s), newOTAApply(s), newOTACancel(s))
	for _, local := range []*cobra.Command{newOTASelect(s), newOTABundle(s), newOTAKeygen(s)} {
		cmd.AddCommand(local)
		s.remote.keepFrom(root, local)
	}
	return cmd
}

// showOTA prints the answer to a GET request as a table, or as it is.
func showOTA[T any](ctx context.Context, s *shared, path string, rows func(T) [][]string) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if s.remote.json {
		data, err := c.Do(ctx, http.MethodGet, path, nil, nil)
		if err == nil {
			_, err = s.streams.Out.Write(append(data, '\n'))
		}
		return err
	}
	answer, err := client.Get[T](ctx, c, path, nil)
	if err != nil {
		return err
	}
	return table(s.streams.Out, rows(answer))
}

// updateLines prints what happens to updates.
type updateLines struct {
	s    *shared
	json bool
}

// print writes one event of ota.stream.
func (l updateLines) print(e client.Event[helios.UpdaterServerEvent]) error {
	out := l.s.streams.Out
	switch {
	case e.Gap != nil && l.json:
		return printJSON(out, struct {
			Gap gapJSON `json:"gap"`
		}{gapOf(e.Gap)})
	case e.Gap != nil:
		l.s.notice("%s", gapText(e.Gap))
		return nil
	case e.Err != nil:
		l.s.notice("%v", e.Err)
		return nil
	case l.json:
		return printJSON(out, e.Value)
	}
	_, err := fmt.Fprintf(out, "%s %s\n", e.At.Format(time.TimeOnly), plain(updateText(e.Value)))
	return err
}

// updateText is an event of ota.stream as people read it.
func updateText(event helios.UpdaterServerEvent) string {
	switch e := event.(type) {
	case helios.UpdaterSnapshotEvent:
		if e.State == nil {
			return "there was no update yet"
		}
		text := e.State.UpdateID + " is " + stageText(e.State.Stage)
		if e.State.ProgressPercent != nil && e.State.Stage != helios.StageComplete {
			text += ", " + strconv.Itoa(int(*e.State.ProgressPercent)) + " %"
		}
		if e.State.LastError != "" {
			text += ": " + e.State.LastError
		}
		return text
	case helios.UpdaterStageProgress:
		text := strconv.Itoa(int(e.Percent)) + " %"
		if e.Detail != "" {
			text += " " + e.Detail
		}
		return text
	case helios.UpdaterStageComplete:
		return "staged"
	case helios.UpdaterApplyScheduled:
		return "will be applied at " + e.ETA.Local().Format(time.DateTime)
	case helios.UpdaterApplyComplete:
		if e.RebootRequired {
			return "applied; the device must be restarted"
		}
		return "applied"
	case helios.UpdaterRollbackTriggered:
		return "rolled back: " + e.Reason
	}
	return fmt.Sprintf("unknown event %T", event)
}

func stageText(stage string) string {
	switch stage {
	case helios.StageAwaitingWindow:
		return "staged and waits to be applied"
	case helios.StageRolledBack:
		return "rolled back"
	}
	return stage
}

// errRolledBack marks updates that have failed.
var errRolledBack = errors.New("the update was rolled back")

// follower follows one update on ota.stream.
type follower struct {
	sub   *client.Subscription[helios.UpdaterServerEvent]
	lines updateLines
	seen  string // the update that the events are about
}

func (s *shared) follow(ctx context.Context, c *client.Client) (*follower, error) {
	sub, err := c.OTA(ctx)
	if err != nil {
		return nil, err
	}
	return &follower{sub: sub, lines: updateLines{s, s.remote.json}}, nil
}

// until prints what becomes of an update until it is in one of the stages. It
// returns errRolledBack, with the reason, if it ends as that, and an error if
// another update takes its place.
func (f *follower) until(ctx context.Context, id string, stages ...string) error {
	for {
		e, err := f.sub.Next(ctx)
		if errors.Is(err, io.EOF) {
			return errors.New("the server has ended the stream of updates")
		}
		if err != nil {
			return err
		}
		state := snapshotOf(e)
		switch {
		case state != nil && f.seen == id && state.UpdateID != id:
			return fmt.Errorf("another update, %s, has taken the place of %s", state.UpdateID, id)
		case state != nil:
			f.seen = state.UpdateID
		}
		if f.seen != id && e.Gap == nil && e.Err == nil {
			continue // of an earlier update
		}
		if err := f.lines.print(e); err != nil {
			return err
		}
		if state == nil {
			continue
		}
		if state.Stage == helios.StageRolledBack {
			return fmt.Errorf("%w: %s", errRolledBack, state.LastError)
		}
		for _, stage := range stages {
			if state.Stage == stage {
				return nil
			}
		}
	}
}

func snapshotOf(e client.Event[helios.UpdaterServerEvent]) *helios.UpdaterSnapshot {
	if snapshot, ok := e.Value.(helios.UpdaterSnapshotEvent); ok && e.Err == nil && e.Gap == nil {
		return snapshot.State
	}
	return nil
}
