package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/heliograph/heliograph/internal/app"
	"github.com/spf13/cobra"
)

func newOTAKeygen(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "keygen FILE",
		Short: "Make a key to sign updates with",
		Long: `Make an Ed25519 key to sign updates with, for "ota bundle", in a new FILE that
only its owner can read, and print its public part for ota.slots.keys on the devices.
Whoever has the file can update them: keep it off them.

` + exitCodesHelp,
		Example: `  heliograph ota keygen signing.pem`,
		Args:    args(cobra.ExactArgs(1)),
		RunE:    func(_ *cobra.Command, list []string) error { return runOTAKeygen(s, list[0]) },
	}
}

func runOTAKeygen(s *shared, path string) error {
	private, public, err := app.NewSigningKey()
	if err != nil {
		return err
	}
	// A key that is there may be the only one that devices trust.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write the key: %w", err)
	}
	_, err = f.Write(private)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write the key: %w", err), os.Remove(path))
	}
	_, err = fmt.Fprintln(s.streams.Out, public)
	return err
}
