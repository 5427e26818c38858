package cli

import (
	"cmp"
	"strings"
	"time"

	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

func newOTASlots(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "slots",
		Short: "List the slots that a system can be in",
		Long: `List the slots that a system can be in: which one runs, which one is booted next,
and what was installed in each.

` + exitCodesHelp,
		Example: `  heliograph ota slots
  heliograph ota slots --json | jq -r '.slots[] | select(.booted).version'`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return showOTA(cmd.Context(), s, "/v1/ota/slots", slotRows)
		},
	}
}

func slotRows(answer helios.OtaSlots) [][]string {
	if len(answer.Slots) == 0 {
		return [][]string{{"slots", "there are none: " + cmp.Or(answer.LastError, "the engine tells of none")}}
	}
	rows := [][]string{{"SLOT", "STATE", "VERSION", "INSTALLED", "SIZE", "DEVICE"}}
	for _, slot := range answer.Slots {
		var state []string
		if slot.Booted {
			state = append(state, "runs")
		}
		if slot.Primary {
			state = append(state, "next")
		}
		if slot.Health != "" {
			state = append(state, slot.Health)
		}
		row := []string{slot.Name, cmp.Or(strings.Join(state, ", "), "-"), cmp.Or(slot.Version, "-"), "-", "-", slot.Device}
		if !slot.InstalledAt.IsZero() {
			row[3] = slot.InstalledAt.Local().Format(time.DateTime)
		}
		if slot.SizeBytes > 0 {
			row[4] = sizeText(slot.SizeBytes)
		}
		rows = append(rows, row)
	}
	return rows
}
