package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

type imuOptions struct {
	count    uint64
	duration time.Duration
}

func newIMU(s *shared) *cobra.Command {
	o := imuOptions{}
	cmd := &cobra.Command{
		Use:   "imu",
		Short: "Show the attitude and the motion of the device, live",
		Long: `Show what the inertial sensor of the device measures, live: attitude in degrees,
acceleration without gravity in g, turn rate in degrees per second, speed in m/s.
On a terminal one line changes in place, in pipes each sample is a line. When the
connection is lost, a line on standard error says so.

"heliograph imu set" changes the settings.

` + exitCodesHelp,
		Example: `  heliograph imu
  heliograph imu --count 1 --json
  heliograph imu --json | jq -c .orientation
  heliograph imu set --fusion madgwick --interval 20ms`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runIMU(cmd.Context(), s, o) },
	}
	f := cmd.Flags()
	f.Uint64VarP(&o.count, "count", "n", 0, "stop after `N` samples; 0 means never")
	f.DurationVar(&o.duration, "for", 0, "stop after this `DURATION`, such as 30s; 0 means never")
	cmd.AddCommand(newIMUSet(s))
	return cmd
}

func runIMU(ctx context.Context, s *shared, o imuOptions) error {
	if o.duration < 0 {
		return usagef("--for %s is negative", o.duration)
	}
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	sub, err := c.IMU(ctx)
	if err != nil {
		return stopped(ctx, err)
	}
	defer sub.Close()
	view := &imuView{s: s}
	view.tty, view.live = terminal(s.streams.Out)
	view.live = view.live && !s.remote.json
	defer view.close()
	for seen := uint64(0); o.count == 0 || seen < o.count; {
		e, err := sub.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return stopped(ctx, err)
		}
		if err := view.show(e); err != nil {
			return err
		}
		if e.Gap == nil && e.Err == nil {
			seen++
		}
	}
	return nil
}

// imuView prints statuses.
type imuView struct {
	s    *shared
	tty  *os.File
	live bool // one line that changes in place
	used bool // there is a line that has no end yet
}

// show prints one event.
func (v *imuView) show(e client.Event[helios.ImuStatusPayload]) error {
	out := v.s.streams.Out
	switch {
	case e.Gap != nil && v.s.remote.json:
		return printJSON(out, struct {
			Gap gapJSON `json:"gap"`
		}{gapOf(e.Gap)})
	case e.Gap != nil:
		v.close()
		v.s.notice("%s", gapText(e.Gap))
		return nil
	case errors.As(e.Err, new(*client.Error)):
		return nil // it comes again as the reason of the end
	case e.Err != nil:
		v.close()
		v.s.notice("%v", e.Err)
		return nil
	case v.s.remote.json:
		return printJSON(out, e.Value)
	}
	line := clean(imuLine(e.Value))
	if !v.live {
		_, err := fmt.Fprintf(out, "%s %s\n", e.At.Format("15:04:05.000"), line)
		return err
	}
	width, _, err := term.GetSize(int(v.tty.Fd()))
	if err != nil {
		return fmt.Errorf("ask for the size of the terminal: %w", err)
	}
	if width == 0 { // it does not know
		width = 80
	}
	v.used = true
	_, err = io.WriteString(out, "\r"+fit(line, max(width-1, 1)))
	return err
}

// close ends the line that changes in place.
func (v *imuView) close() {
	if v.used {
		v.used = false
		_, _ = io.WriteString(v.s.streams.Out, "\n") // the terminal is gone if that fails
	}
}

// imuLine is a status as people read it.
func imuLine(v helios.ImuStatusPayload) string {
	if !v.HasSample {
		return first(v.LastError, "there is no sample yet")
	}
	var parts []string
	if o := v.Orientation; o != nil {
		parts = append(parts, fmt.Sprintf("roll %6.1f° pitch %6.1f° yaw %6.1f°", o.Roll, o.Pitch, o.Yaw))
	}
	if a := v.LinearAccel; a != nil {
		parts = append(parts, fmt.Sprintf("accel %5.2f %5.2f %5.2f g", a.X, a.Y, a.Z))
	}
	if v.AngularSpeedDps != nil {
		parts = append(parts, fmt.Sprintf("turn %5.1f°/s", *v.AngularSpeedDps))
	}
	if v.LinearSpeedMps != nil {
		parts = append(parts, fmt.Sprintf("speed %4.2f m/s", *v.LinearSpeedMps))
	}
	if motion := imuMotion(v); motion != "" {
		parts = append(parts, motion)
	}
	if v.LastError != "" {
		parts = append(parts, v.LastError)
	}
	if v.Sources != nil {
		parts = append(parts, "("+first(v.Sources.AccelGyro, v.Sources.Magnetometer)+")")
	}
	return strings.Join(parts, "  ")
}

// imuMotion says in a word how the device moves.
func imuMotion(v helios.ImuStatusPayload) string {
	is := func(b *bool) bool { return b != nil && *b }
	switch {
	case is(v.IsMovingFast):
		return "fast"
	case is(v.IsMoving):
		return "moving"
	case is(v.IsStill):
		return "still"
	}
	return ""
}
