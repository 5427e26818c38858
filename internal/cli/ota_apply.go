package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
)

type otaApplyOptions struct {
	what    string
	yes     bool
	wait    bool
	keep    bool
	timeout time.Duration
}

func newOTAApply(s *shared) *cobra.Command {
	o := otaApplyOptions{}
	cmd := &cobra.Command{
		Use:   "apply FILE|URL|ID",
		Short: "Apply an image to the device",
		Long: `Apply a file, which is uploaded first, an image that "ota upload" gave the URL of,
or an update that is staged already, by its ID. The image is staged and checked,
then you are asked, then it is applied.

With --wait the verb ends when the update is complete, which may take a restart
of the device, or has been rolled back, with exit code 1.

` + exitCodesHelp,
		Example: `  heliograph ota apply gateway-1.4.0.bundle
  heliograph ota apply gateway-1.4.0.bundle --yes --wait --timeout 10m`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			o.what = list[0]
			return runOTAApply(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask")
	f.BoolVarP(&o.wait, "wait", "w", false, "wait until the update is complete or rolled back")
	f.BoolVar(&o.keep, "keep", false, "keep the uploaded image on the device")
	f.DurationVar(&o.timeout, "timeout", 0, "give up after this `DURATION`, such as 10m; the update goes on; 0 means never")
	return cmd
}

func runOTAApply(ctx context.Context, s *shared, o otaApplyOptions) error {
	if o.timeout < 0 {
		return usagef("--timeout %s is negative", o.timeout)
	}
	if _, tty := terminal(s.streams.In); !o.yes && !tty {
		return usagef("there is no terminal to ask at; give --yes")
	}
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if o.timeout == 0 {
		return apply(ctx, s, c, o)
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	err = apply(ctx, s, c, o)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("not done after %s; what has begun goes on, see \"heliograph ota watch\": %w", o.timeout, err)
	}
	return err
}

func apply(ctx context.Context, s *shared, c *client.Client, o otaApplyOptions) error {
	f, err := s.follow(ctx, c)
	if err != nil {
		return err
	}
	defer f.sub.Close()
	a := applier{s: s, c: c, f: f, o: o}
	id, applied, err := a.stage(ctx)
	if err == nil && !applied {
		err = a.order(ctx, id)
	}
	if err != nil {
		return err
	}
	if o.wait {
		return f.until(ctx, id, helios.StageComplete)
	}
	if !s.remote.json {
		_, err = fmt.Fprintf(s.streams.Out, "%s will be applied\n", plain(id))
	}
	return err
}

// applier is one run of the verb.
type applier struct {
	s *shared
	c *client.Client
	f *follower
	o otaApplyOptions
}

// stage sees to it that what is to be applied is staged, and returns its id.
// applied tells that the server has ordered it to be applied as well, as some do
// that cannot stage only; the user was asked then.
func (a *applier) stage(ctx context.Context) (id string, applied bool, err error) {
	if uuid.Validate(a.o.what) == nil {
		return a.o.what, false, nil
	}
	remove := !a.o.keep
	image := helios.OtaImageRequest{ImageURL: a.o.what, DeleteImageAfterApply: &remove}
	if !strings.HasPrefix(a.o.what, "file:") {
		stored, err := a.s.upload(ctx, a.c, a.o.what)
		if err != nil {
			return "", false, err
		}
		image.ImageURL, image.SizeBytes, image.Checksum = stored.ImageURL, &stored.SizeBytes, stored.SHA256
	}
	answer, err := client.Post[helios.OtaAnswer](ctx, a.c, "/v1/ota/stage", image)
	var told *client.Error
	if errors.As(err, &told) && told.Status == http.StatusGone {
		if err := a.confirm("The image"); err != nil {
			return "", false, err
		}
		answer, err = client.Post[helios.OtaAnswer](ctx, a.c, "/v1/ota/apply", helios.OtaApplyRequest{OtaImageRequest: image, RequestedBy: otaRequester})
		return answer.UpdateID, true, err
	}
	if err != nil {
		return "", false, err
	}
	return answer.UpdateID, false, a.f.until(ctx, answer.UpdateID, helios.StageAwaitingWindow)
}

// order asks the device whether the staged update can be applied, then the user,
// and orders it.
func (a *applier) order(ctx context.Context, id string) error {
	ready, err := client.Post[helios.OtaPreflight](ctx, a.c, "/v1/ota/preflight", helios.OtaApplyRequest{UpdateID: id})
	switch {
	case err != nil:
		return err
	case !ready.Ready:
		return fmt.Errorf("%s cannot be applied now: %s (%s); it stays staged", id, plain(ready.Report.Summary), plain(ready.Report.Verdict))
	}
	if err := a.confirm(plain(ready.Report.Summary)); err != nil {
		return errors.Join(err, a.giveUp(ctx, id))
	}
	_, err = client.Post[helios.OtaAnswer](ctx, a.c, "/v1/ota/apply", helios.OtaApplyRequest{UpdateID: id, RequestedBy: otaRequester})
	return err
}

// giveUp cancels what this verb has staged itself.
func (a *applier) giveUp(ctx context.Context, id string) error {
	if id == a.o.what {
		return nil
	}
	_, err := cancelUpdate(ctx, a.c, id)
	return err
}

// confirm asks at the terminal.
func (a *applier) confirm(what string) error {
	if a.o.yes {
		return nil
	}
	fmt.Fprintf(a.s.streams.Err, "%s. Apply it? [y/N] ", what)
	answer, err := bufio.NewReader(a.s.streams.In).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
		return nil
	}
	return errors.Join(errors.New("not applied"), err)
}
