package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

type framesOptions struct {
	stream   string
	count    uint64
	duration time.Duration
	output   string
	dir      string
}

func newFrames(s *shared) *cobra.Command {
	o := framesOptions{}
	cmd := &cobra.Command{
		Use:   "frames ID|NAME",
		Short: "Pipe the pictures of a stream, or save them",
		Long: `Write the encoded frames of a stream to standard output, one after the other and
nothing else, for a player or a recorder; or with --dir each into a file of its own.
They come as the stream has them: JPEG pictures, H264 access units, raw pictures.
With --json each frame shows as a line with its size instead.

Nothing is queued up: a reader that is too slow gets the newest frames, and
standard error tells how many were dropped here. With H264, what follows a drop
begins with the next key frame. A lost connection is opened again. The end of the
reader, as in "| head", is a success.

` + exitCodesHelp,
		Example: `  heliograph frames front | ffplay -
  heliograph frames front | ffmpeg -i - -c copy front.mkv
  heliograph frames front --count 1 > still.jpg
  heliograph frames front --output edges --dir pictures --for 10s`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: streamNames(s),
		RunE: func(cmd *cobra.Command, list []string) error {
			o.stream = list[0]
			return runFrames(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.Uint64VarP(&o.count, "count", "n", 0, "stop after `N` frames; 0 means never")
	f.DurationVar(&o.duration, "for", 0, "stop after this `DURATION`, such as 30s; 0 means never")
	f.StringVar(&o.output, "output", "", "image output of the pipeline, by its `NAME`; it is selected for everybody, and the former one is put back at the end")
	f.StringVarP(&o.dir, "dir", "d", "", "save each frame as a file in `DIR`, which is made if it is not there")
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}

func runFrames(ctx context.Context, s *shared, o framesOptions) (err error) {
	if o.duration < 0 {
		return usagef("--for %s is negative", o.duration)
	}
	if _, tty := terminal(s.streams.Out); tty && o.dir == "" && !s.remote.json {
		return usagef("standard output is a terminal, which cannot show frames; pipe them into a player, or save them with --dir")
	}
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	info, err := findStream(ctx, c, o.stream)
	if err != nil {
		return err
	}
	if o.dir != "" {
		if err := os.MkdirAll(o.dir, 0o755); err != nil {
			return usagef("make the folder: %w", err)
		}
	}
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	sub, err := c.StreamFrames(ctx, info.ID, helios.StreamFramesParams{Output: o.output, Restore: true})
	if err != nil {
		return stopped(ctx, err)
	}
	defer sub.Close()
	w := &frameWriter{s: s, dir: o.dir, key: true, toldAt: time.Now()}
	defer func() { w.tellDropped(time.Now(), true) }()
	for o.count == 0 || w.written < o.count {
		e, err := sub.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return stopped(ctx, err)
		}
		if err := w.take(e); err != nil {
			return err
		}
	}
	return nil
}

// frameWriter puts frames where they shall go.
type frameWriter struct {
	s       *shared
	dir     string
	format  helios.FramesFormat
	key     bool // wait for a frame that decoders can begin with
	written uint64
	dropped uint64 // by us, because newer frames came before the reader took them
	told    uint64
	toldAt  time.Time
}

// take deals with one event.
func (w *frameWriter) take(e client.Event[client.Frame]) error {
	w.dropped += e.Missed
	w.key = w.key || e.Missed > 0 || e.Gap != nil
	w.tellDropped(time.Now(), false)
	switch {
	case e.Gap != nil:
		w.s.notice("%s", gapText(e.Gap))
		return nil
	case e.Err != nil:
		if !errors.As(e.Err, new(*client.Error)) { // those come again as the reason of the end
			w.s.notice("%v", e.Err)
		}
		return nil
	}
	if f := e.Value.Format; f != w.format {
		if w.format.FourCC != "" {
			w.s.notice("the format changes to %s", plain(formatText(f)))
		}
		w.format = f
	}
	if e.Value.Data == nil {
		return nil
	}
	if w.key && !e.Value.Key() {
		w.dropped++
		return nil
	}
	w.key = false
	w.written++
	return w.write(e)
}

func formatText(f helios.FramesFormat) string {
	return fmt.Sprintf("%s %dx%d", f.FourCC, f.Width, f.Height)
}

// write saves or prints one frame.
func (w *frameWriter) write(e client.Event[client.Frame]) error {
	file := ""
	if w.dir != "" {
		file = filepath.Join(w.dir, fmt.Sprintf("%06d.%s", w.written, extension(w.format.FourCC)))
		if err := os.WriteFile(file, e.Value.Data, 0o644); err != nil {
			return fmt.Errorf("save a frame: %w", err)
		}
	}
	switch {
	case w.s.remote.json:
		return printJSON(w.s.streams.Out, struct {
			At     time.Time `json:"at"`
			FourCC string    `json:"fourcc"`
			Width  uint32    `json:"width"`
			Height uint32    `json:"height"`
			Bytes  int       `json:"bytes"`
			Missed uint64    `json:"missed"`
			File   string    `json:"file,omitempty"`
		}{e.At, w.format.FourCC, w.format.Width, w.format.Height, len(e.Value.Data), e.Missed, file})
	case file != "":
		return nil
	}
	_, err := w.s.streams.Out.Write(e.Value.Data)
	return err
}

// extension is what names of files of a format end with.
func extension(fourcc string) string {
	switch fourcc {
	case "MJPG", "JPEG":
		return "jpg"
	case "HEVC":
		return "h265"
	}
	safe := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}
	return first(strings.Map(safe, strings.ToLower(fourcc)), "frame")
}

// tellDropped says how many frames were dropped, now and then, and at the end.
func (w *frameWriter) tellDropped(now time.Time, end bool) {
	const every = 5 * time.Second
	if w.dropped == w.told || !end && now.Sub(w.toldAt) < every {
		return
	}
	w.told, w.toldAt = w.dropped, now
	w.s.notice("%d frames dropped so far, %d written", w.dropped, w.written)
}
