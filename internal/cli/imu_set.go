package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

type imuSetOptions struct {
	fusion, angles, axis string
	interval             time.Duration
	lock, snap, reset    bool
}

func newIMUSet(s *shared) *cobra.Command {
	o := imuSetOptions{}
	cmd := &cobra.Command{
		Use:   "set",
		Short: "Change settings of the inertial sensor",
		Long: `Change settings of the inertial sensor, which the device keeps, and print a status
that was made with them. What is not given stays as it is.

` + exitCodesHelp,
		Example: `  heliograph imu set --fusion madgwick --interval 20ms
  heliograph imu set --reset-pose
  heliograph imu set --axis -z --snap-gravity`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			change, err := o.change(cmd.Flags().Changed)
			if err != nil {
				return err
			}
			return runIMUSet(cmd.Context(), s, change)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.fusion, "fusion", "", "`FILTER`: madgwick_no_mag (no_mag, 6axis) or madgwick (ahrs), which uses the magnetometer")
	f.StringVar(&o.angles, "range", "", "`RANGE` of the angles: negative_180_to_180 (180) or zero_to_360 (360)")
	f.DurationVarP(&o.interval, "interval", "i", 0, "time between two samples, whole milliseconds, such as 20ms")
	f.StringVar(&o.axis, "axis", "", "`AXIS` of the sensor that points up when the device stands level: +x, -x, +y, -y, +z or -z")
	f.BoolVar(&o.lock, "lock-position", true, "hold the position at the origin; =false lets it move")
	f.BoolVar(&o.snap, "snap-gravity", false, "take the present posture for level; the device must be at rest")
	f.BoolVar(&o.reset, "reset-pose", false, "set yaw, velocity and position to zero")
	_ = cmd.RegisterFlagCompletionFunc("fusion", cobra.FixedCompletions([]string{helios.ImuFusionMadgwickNoMag, helios.ImuFusionMadgwick}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("range", cobra.FixedCompletions([]string{helios.ImuRangeSigned, helios.ImuRangeUnsigned}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// change makes the request of the flags that were given.
func (o imuSetOptions) change(given func(string) bool) (helios.ImuUpdateRequest, error) {
	var r helios.ImuUpdateRequest
	if given("fusion") {
		r.Fusion = &o.fusion
	}
	if given("range") {
		r.Range = &o.angles
	}
	if given("axis") {
		r.GravityReferenceAxis = &o.axis
	}
	if given("lock-position") {
		r.DrLockPosition = &o.lock
	}
	if o.snap {
		r.SnapGravity = &o.snap
	}
	if o.reset {
		r.ResetPose = &o.reset
	}
	if given("interval") {
		if o.interval <= 0 || o.interval%time.Millisecond != 0 {
			return r, usagef("--interval %s is not a positive number of whole milliseconds", o.interval)
		}
		ms := uint64(o.interval.Milliseconds())
		r.UpdateIntervalMS = &ms
	}
	if r == (helios.ImuUpdateRequest{}) {
		return r, usagef("there is nothing to set")
	}
	return r, nil
}

func runIMUSet(ctx context.Context, s *shared, change helios.ImuUpdateRequest) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	status, err := c.UpdateIMU(ctx, change)
	if err != nil {
		return err
	}
	if s.remote.json {
		return printJSON(s.streams.Out, status)
	}
	every := "unknown"
	if status.UpdateIntervalMS != nil {
		every = (time.Duration(*status.UpdateIntervalMS) * time.Millisecond).String()
	}
	_, err = fmt.Fprintf(s.streams.Out, "fusion %s, range %s, interval %s\n%s\n", plain(status.Fusion), plain(status.Range), every, clean(imuLine(status)))
	return err
}
