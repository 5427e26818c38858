package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

func newStreams(s *shared) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "streams",
		Short: "List, create, show and delete video streams",
		Long: `List the video streams of the device. A camera runs only while somebody watches;
"heliograph frames" does.

` + exitCodesHelp,
		Example: `  heliograph streams
  heliograph streams create --test --name pattern
  heliograph streams show pattern
  heliograph streams delete pattern`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runStreams(cmd.Context(), s) },
	}
	cmd.AddCommand(newStreamsCreate(s), newStreamsShow(s), newStreamsDelete(s))
	return cmd
}

func runStreams(ctx context.Context, s *shared) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if s.remote.json {
		return s.printStreams(ctx, c)
	}
	list, err := c.Streams(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"ID", "NAME", "SOURCE", "FORMAT", "STATE", "VIEWERS"}}
	for _, info := range list {
		rows = append(rows, []string{info.ID, info.Manifest.Identity.Alias, streamSource(info.Manifest.Capture), streamFormat(info), streamState(info), viewers(info)})
	}
	return table(s.streams.Out, rows)
}

// printStreams prints what the server says of each stream, unchanged.
func (s *shared) printStreams(ctx context.Context, c *client.Client) error {
	list, err := client.Get[[]json.RawMessage](ctx, c, "/v1/streams", nil)
	if err != nil {
		return err
	}
	for _, info := range list {
		if err := printJSON(s.streams.Out, info); err != nil {
			return err
		}
	}
	return nil
}

// streamSource says where the pictures come from.
func streamSource(c helios.StreamCapture) string {
	switch h := c.Handle; {
	case h.Virtual:
		return "test pattern"
	case h.V4l2 != nil:
		return h.V4l2.Path
	case h.Libcamera != nil:
		return h.Libcamera.ID
	case h.Netcam != nil:
		return h.Netcam.URL
	case h.File != nil && len(h.File.Paths) == 1:
		return h.File.Paths[0]
	case h.File != nil:
		return fmt.Sprintf("%d files", len(h.File.Paths))
	}
	return c.Backend
}

// streamFormat says what is asked of the camera, and what viewers get.
func streamFormat(info helios.StreamInfo) string {
	var parts []string
	mode := info.Manifest.Capture.Mode
	if r := mode.Format.Resolution; r.Width > 0 {
		parts = append(parts, fmt.Sprintf("%dx%d", r.Width, r.Height))
	}
	interval := mode.Interval
	if info.Manifest.Capture.Interval != nil {
		interval = info.Manifest.Capture.Interval
	}
	if interval != nil && interval.Numerator > 0 {
		fps := float64(interval.Denominator) / float64(interval.Numerator)
		parts = append(parts, strconv.FormatFloat(fps, 'f', -1, 64)+" fps")
	}
	if info.PreviewFormat != "unknown" {
		parts = append(parts, info.PreviewFormat)
	}
	return strings.Join(parts, " ")
}

// streamState says what a stream is doing, and why it does nothing.
func streamState(info helios.StreamInfo) string {
	if info.Runtime == nil {
		return ""
	}
	c := info.Runtime.Capture
	switch {
	case c.StartedAtMS != nil:
		return c.State + " for " + age(time.UnixMilli(int64(*c.StartedAtMS)))
	case c.DisabledSinceMS != nil:
		return c.State + " for " + age(time.UnixMilli(int64(*c.DisabledSinceMS))) + ": " + c.DisabledReason
	}
	return c.State
}

func viewers(info helios.StreamInfo) string {
	if info.Runtime == nil {
		return ""
	}
	v := info.Runtime.Demand.Viewers
	return strconv.FormatUint(uint64(v.RawReceiverCount)+uint64(v.HostReceiverCount), 10)
}

// findStream gives the stream of that id or name. A name must be that of one
// stream only.
func findStream(ctx context.Context, c *client.Client, name string) (helios.StreamInfo, error) {
	list, err := c.Streams(ctx)
	if err != nil {
		return helios.StreamInfo{}, err
	}
	var found []helios.StreamInfo
	for _, info := range list {
		if strings.EqualFold(info.ID, name) {
			return info, nil
		}
		if info.Manifest.Identity.Alias == name && name != "" {
			found = append(found, info)
		}
	}
	switch len(found) {
	case 0:
		return helios.StreamInfo{}, &noStream{name}
	case 1:
		return found[0], nil
	}
	return helios.StreamInfo{}, usagef("%d streams have the name %q; name one by its id", len(found), name)
}

// noStream says that there is no stream of a name.
type noStream struct{ name string }

func (e *noStream) Error() string {
	return fmt.Sprintf("there is no stream %q; \"heliograph streams\" lists them", e.name)
}

func (e *noStream) Unwrap() error { return client.ErrNotFound }

// streamNames is for shell completion: what cannot be had is left out.
func streamNames(s *shared) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(cmd *cobra.Command, _ []string, _ string) (names []string, _ cobra.ShellCompDirective) {
		ctx := cmd.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		c, err := s.dial(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer c.Close()
		list, _ := c.Streams(ctx)
		for _, info := range list {
			names = append(names, first(info.Manifest.Identity.Alias, info.ID)+"\t"+streamSource(info.Manifest.Capture))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

func newStreamsShow(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID|NAME",
		Short: "Show what a stream is, what its camera can do and how it fares",
		Long: `Show what a stream is, what its camera can do, and how it fares. With --json that is
the description of the API, with the metrics beside it.

` + exitCodesHelp,
		Example: `  heliograph streams show front
  heliograph streams show front --json | jq .info.descriptor.modes`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: streamNames(s),
		RunE:              func(cmd *cobra.Command, list []string) error { return runStreamsShow(cmd.Context(), s, list[0]) },
	}
}

func runStreamsShow(ctx context.Context, s *shared, name string) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	info, err := findStream(ctx, c, name)
	if err != nil {
		return err
	}
	if s.remote.json {
		return s.printStream(ctx, c, info.ID)
	}
	metrics, err := client.Get[helios.StreamMetrics](ctx, c, "/v1/streams/"+info.ID+"/metrics", nil)
	if err != nil {
		return err
	}
	return table(s.streams.Out, streamRows(info, metrics))
}

// printStream prints what the server says of one stream, unchanged.
func (s *shared) printStream(ctx context.Context, c *client.Client, id string) error {
	info, err := client.Get[json.RawMessage](ctx, c, "/v1/streams/"+id, nil)
	if err != nil {
		return err
	}
	metrics, err := client.Get[json.RawMessage](ctx, c, "/v1/streams/"+id+"/metrics", nil)
	if err != nil {
		return err
	}
	return printJSON(s.streams.Out, map[string]json.RawMessage{"info": info, "metrics": metrics})
}

// streamRows describe a stream for people.
func streamRows(info helios.StreamInfo, m helios.StreamMetrics) [][]string {
	rows := [][]string{
		{"ID", info.ID}, {"NAME", info.Manifest.Identity.Alias}, {"SOURCE", streamSource(info.Manifest.Capture)},
		{"FORMAT", streamFormat(info)}, {"STATE", streamState(info)}, {"VIEWERS", viewers(info)},
		{"FRAMES", fmt.Sprintf("%d captured, %.1f a second", m.Capture.SampleCount, m.Capture.FPS)},
	}
	for _, mode := range info.Descriptor.Modes {
		var rates []string
		for _, i := range mode.Intervals {
			if i.Numerator > 0 {
				rates = append(rates, strconv.FormatFloat(float64(i.Denominator)/float64(i.Numerator), 'f', -1, 64))
			}
		}
		r := mode.Format.Resolution
		rows = append(rows, []string{"MODE", fmt.Sprintf("%s %dx%d %s", mode.Format.Code, r.Width, r.Height, strings.Join(rates, ", "))})
	}
	for _, control := range info.Descriptor.Controls {
		rows = append(rows, []string{"CONTROL", fmt.Sprintf("%d %s (%s)", control.ID, control.Name, control.Kind)})
	}
	return rows
}

func newStreamsDelete(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:               "delete ID|NAME...",
		Short:             "Delete streams",
		Long:              "Delete streams. Whoever watches one is told that there is no such stream any more.\n\n" + exitCodesHelp,
		Example:           `  heliograph streams delete front`,
		Args:              args(cobra.MinimumNArgs(1)),
		ValidArgsFunction: streamNames(s),
		RunE:              func(cmd *cobra.Command, list []string) error { return runStreamsDelete(cmd.Context(), s, list) },
	}
}

func runStreamsDelete(ctx context.Context, s *shared, names []string) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	var failed []error
	for _, name := range names {
		info, err := findStream(ctx, c, name)
		if err == nil {
			err = c.DeleteStream(ctx, info.ID)
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
