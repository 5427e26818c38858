package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

func newOTAUpload(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "upload FILE",
		Short: "Send an image to the device and print its URL there",
		Long: `Send an image to the device and print its URL there, for "ota apply". What the
device has stored is compared with what was sent, by size and SHA-256. Nothing
is applied yet.

` + exitCodesHelp,
		Example: `  heliograph ota upload gateway-1.4.0.bundle
  heliograph ota upload gateway-1.4.0.bundle --json | jq -r .sha256`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error { return runOTAUpload(cmd.Context(), s, list[0]) },
	}
}

func runOTAUpload(ctx context.Context, s *shared, path string) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	stored, err := s.upload(ctx, c, path)
	if err != nil {
		return err
	}
	if s.remote.json {
		return printJSON(s.streams.Out, stored)
	}
	_, err = fmt.Fprintln(s.streams.Out, stored.ImageURL)
	return err
}

// upload sends a file and tells what became of it on standard error.
func (s *shared) upload(ctx context.Context, c *client.Client, path string) (helios.OtaUploadResult, error) {
	f, err := os.Open(path)
	if err != nil {
		return helios.OtaUploadResult{}, usagef("%w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", path)
	}
	if err != nil {
		return helios.OtaUploadResult{}, usagef("%w", err)
	}
	progress := s.uploadProgress(info.Size())
	stored, err := c.UploadImage(ctx, filepath.Base(path), info.Size(), f, progress)
	if err != nil {
		return stored, err
	}
	version := ""
	if stored.Version != nil {
		version = ", version " + plain(*stored.Version)
	}
	s.notice("stored %s, SHA-256 %s%s", sizeText(stored.SizeBytes), stored.SHA256, version)
	return stored, nil
}

// uploadProgress draws on standard error if that is a terminal.
func (s *shared) uploadProgress(size int64) func(int64) {
	if _, tty := terminal(s.streams.Err); !tty || size == 0 {
		return nil
	}
	const every = 100 * time.Millisecond
	var told time.Time
	return func(sent int64) {
		if now := time.Now(); sent == size || now.Sub(told) >= every {
			told = now
			fmt.Fprintf(s.streams.Err, "\r\x1b[Ksent %d %% of %s", sent*100/size, sizeText(uint64(size)))
			if sent == size {
				fmt.Fprint(s.streams.Err, "\r\x1b[K")
			}
		}
	}
}
