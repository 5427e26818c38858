package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/heliograph/heliograph/internal/app"
	"github.com/spf13/cobra"
)

type otaBundleOptions struct {
	bundle     app.Bundle
	image, out string
}

func newOTABundle(s *shared) *cobra.Command {
	o := otaBundleOptions{}
	cmd := &cobra.Command{
		Use:   "bundle --key FILE --image FILE --compatible KIND --version VERSION -o FILE",
		Short: "Make a signed update for the built-in engine",
		Long: `Make an update for devices that use the built-in update engine: the image of a
system, with a signed description.

` + exitCodesHelp,
		Example: `  heliograph ota keygen signing.pem
  heliograph ota bundle --key signing.pem --image rootfs.img --compatible gateway-v2 --version 1.4.0 -o gateway-1.4.0.bundle`,
		Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return runOTABundle(s, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.bundle.KeyFile, "key", "", "PEM `FILE` with the Ed25519 private key to sign with")
	f.StringVar(&o.image, "image", "", "`FILE` with the image of the system")
	f.StringVar(&o.bundle.Compatible, "compatible", "", "`KIND` of device that it is for, ota.slots.compatible there")
	f.StringVar(&o.bundle.Version, "version", "", "`VERSION` of the image")
	f.StringVar(&o.bundle.BuildID, "build-id", "", "`ID` of the build")
	f.StringVarP(&o.out, "output", "o", "", "`FILE` to write; - is standard output")
	for _, name := range []string{"key", "image", "compatible", "version", "output"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

func runOTABundle(s *shared, o otaBundleOptions) error {
	image, err := os.Open(o.image)
	if err != nil {
		return usagef("%w", err)
	}
	defer image.Close()
	if o.out == "-" {
		return app.WriteBundle(s.streams.Out, o.bundle, image)
	}
	return replaceFile(o.out, func(out io.Writer) error { return app.WriteBundle(out, o.bundle, image) })
}

// replaceFile writes a file that has its name only when it is whole.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	temp := path + ".part"
	f, err := os.Create(temp)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp)
		}
	}()
	if err := errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
