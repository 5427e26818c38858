package cli

import (
	"errors"
	"fmt"

	"github.com/heliograph/heliograph/internal/app"
	"github.com/spf13/cobra"
)

func newOTASelect(s *shared) *cobra.Command {
	state := ""
	cmd := &cobra.Command{
		Use:   "select --state DIR",
		Short: "Tell the boot loader which slot to boot",
		Long: `Print the slot to boot, a or b. The boot loader, or an initramfs, runs this once at
each boot of a device that uses the built-in update engine: it counts the boots of
a new system, and goes back to the old one when they are used up.

If the boot cannot be counted, the exit code is 1; the slot that is printed even
then is the one that was confirmed last, and may be booted.

` + exitCodesHelp,
		Example: `  slot=$(heliograph ota select --state /boot/heliograph) || [ -n "$slot" ] || slot=a`,
		Args:    args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if state == "" {
				return usagef("--state is missing")
			}
			slot, err := app.SelectSlot(state)
			if slot != "" {
				_, printErr := fmt.Fprintln(s.streams.Out, slot)
				err = errors.Join(err, printErr)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&state, "state", "", "`DIRECTORY` of the boot state, ota.slots.state_dir in the settings of serve")
	_ = cmd.MarkFlagDirname("state")
	return cmd
}
