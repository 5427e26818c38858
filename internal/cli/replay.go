package cli

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
)

const (
	// replayPause ends the repeated output: the server sends it in one go.
	replayPause = 150 * time.Millisecond
	// replayMax ends it in any case; servers keep 512 KiB.
	replayMax = 1 << 20
	// endedPause is how long a viewer of an ended shell waits for more.
	endedPause = time.Second
)

// A replay is the repeated output of a shell that ran before. Where it ends is
// not told, so it is taken to last until the output pauses.
type replay struct {
	filter queryFilter
	last   time.Time
	bytes  int
}

// feed gives output that came at a time, without what the terminal would answer.
// live tells that the repetition is over, from the end of this output on.
func (r *replay) feed(data string, at time.Time) (out string, live bool) {
	r.bytes += len(data)
	if at.Sub(r.last) > replayPause || r.bytes > replayMax {
		return r.filter.rest() + data, true
	}
	r.last = at
	return r.filter.feed(data), false
}

// showEnded prints what a shell printed that has ended, and gives its exit code.
// The socket of such a shell stays open and silent.
func showEnded(ctx context.Context, s *shared, c *client.Client, session helios.ConsoleSessionSummary) error {
	console, err := c.Console(ctx, helios.ConsoleParams{SessionID: session.SessionID})
	if err != nil {
		return err
	}
	defer console.Close()
	var filter queryFilter
	var modes modeTracker
	for {
		wait, cancel := context.WithTimeout(ctx, endedPause)
		e, err := console.Next(wait)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			break
		}
		if err != nil {
			return err
		}
		if e.Gap != nil {
			return brokenOff(e.Gap, nil)
		}
		if m, ok := e.Value.(helios.ConsoleOutput); ok {
			out := filter.feed(m.Data)
			modes.feed(out)
			if _, err := io.WriteString(s.streams.Out, out); err != nil {
				return err
			}
		}
	}
	if _, tty := terminal(s.streams.Out); tty {
		_, _ = io.WriteString(s.streams.Out, modes.undo()+"\r\n")
	}
	s.notice("this shell has %s; \"heliograph console --delete %.8s\" forgets it", sessionState(session), session.SessionID)
	if session.ExitCode == nil {
		return shellExit(ExitConsoleLost)
	}
	return shellExit(*session.ExitCode)
}
