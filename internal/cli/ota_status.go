package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

func newOTAStatus(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the newest update and the room for images",
		Example: `  heliograph ota status
  heliograph ota status --json | jq -r .state.stage`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runOTAStatus(cmd.Context(), s) },
	}
}

func runOTAStatus(ctx context.Context, s *shared) error {
	return showOTA(ctx, s, "/v1/ota/state", func(answer helios.OtaStateAnswer) [][]string {
		return append(stateRows(answer.State), storageRows(answer)...)
	})
}

func stateRows(state *helios.OtaState) [][]string {
	if state == nil {
		return [][]string{{"update", "there was none yet"}}
	}
	stage := stageText(state.Stage)
	if state.ProgressPercent != nil {
		stage += ", " + strconv.Itoa(int(*state.ProgressPercent)) + " %"
	}
	rows := [][]string{{"update", state.UpdateID}, {"stage", stage}}
	for _, at := range []struct {
		what string
		time *time.Time
	}{{"started", state.StartedAt}, {"finished", state.FinishedAt}} {
		if at.time != nil {
			rows = append(rows, []string{at.what, at.time.Local().Format(time.DateTime)})
		}
	}
	if state.LastError != nil {
		rows = append(rows, []string{"error", *state.LastError})
	}
	for _, a := range state.Artifacts {
		rows = append(rows, []string{"image", a.URL})
		if a.SizeBytes != nil {
			rows = append(rows, []string{"", sizeText(*a.SizeBytes)})
		}
		if a.Checksum != "" {
			rows = append(rows, []string{"", a.Checksum})
		}
	}
	return rows
}

func storageRows(answer helios.OtaStateAnswer) [][]string {
	up := answer.Storage.Uploads
	return [][]string{
		{"uploads", fmt.Sprintf("%s of %s, %s free on the disk", sizeText(up.UsageBytes), sizeText(up.QuotaBytes), sizeText(up.AvailableBytes))},
		{"cache", sizeText(answer.CacheUsageBytes)},
	}
}

// sizeText gives a size in units of 1024.
func sizeText(n uint64) string {
	const step = 1024
	if n < step {
		return strconv.FormatUint(n, 10) + " B"
	}
	value, unit := float64(n)/step, 0
	for value >= step && unit < 4 {
		value, unit = value/step, unit+1
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + "KMGTP"[unit:unit+1] + "iB"
}
