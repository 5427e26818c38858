package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/heliograph/heliograph/client"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// defaultServer is the address at which this machine's own server listens.
const defaultServer = "http://127.0.0.1:5800"

// maxSecret bounds a token file; a token is far shorter.
const maxSecret = 4096

// remoteOptions say which server to talk to, and how. All client verbs share them.
type remoteOptions struct {
	server      string
	token       string
	tokenFile   string
	ca          string
	fingerprint string
	compress    bool
	verbose     bool
	json        bool
}

func (o *remoteOptions) addFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&o.server, "server", "", "address of the HeliOS server; `URL` may also be host:port (default $HELIOGRAPH_SERVER, else "+defaultServer+")")
	f.StringVar(&o.token, "token", "", "`TOKEN` to show; other users can see it in the process list, so prefer --token-file or $HELIOGRAPH_TOKEN")
	f.StringVar(&o.tokenFile, "token-file", "", "`FILE` that holds the token; - reads it from standard input")
	f.StringVar(&o.ca, "ca", "", "`FILE` with PEM certificates to trust instead of the system's")
	f.StringVar(&o.fingerprint, "fingerprint", "", "SHA-256 `FINGERPRINT` of the server's certificate, for one that it signed itself")
	f.BoolVar(&o.compress, "compress", false, "compress messages, for slow links")
	f.BoolVar(&o.verbose, "verbose", false, "say on standard error what the connection does")
	f.BoolVar(&o.json, "json", false, "print JSON, one object per line where there are several")
	root.MarkFlagsMutuallyExclusive("token", "token-file")
	_ = root.MarkPersistentFlagFilename("token-file")
	_ = root.MarkPersistentFlagFilename("ca", "pem", "crt")
}

// keepFrom keeps these options away from a verb that talks to no server: they
// are not in its help, and giving one is an error instead of being without
// effect, which for a token would be dangerous to misunderstand.
func (o *remoteOptions) keepFrom(root, verb *cobra.Command) {
	before, rest, _ := strings.Cut(verb.UsageTemplate(), "{{if .HasAvailableInheritedFlags}}")
	if _, after, ok := strings.Cut(rest, "{{end}}"); ok {
		verb.SetUsageTemplate(before + after)
	}
	next := verb.PreRunE
	verb.PreRunE = func(cmd *cobra.Command, args []string) (err error) {
		root.PersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.Changed {
				err = usagef("--%s is for verbs that talk to a server, which %s does not", f.Name, cmd.Name())
			}
		})
		if err != nil || next == nil {
			return err
		}
		return next(cmd, args)
	}
}

// dial makes the client and checks that the server answers.
func (s *shared) dial(ctx context.Context) (*client.Client, error) {
	opts, err := s.clientOptions()
	if err != nil {
		return nil, err
	}
	address := first(s.remote.server, s.streams.env("HELIOGRAPH_SERVER"), defaultServer)
	if _, err := client.New(address, opts); err != nil {
		return nil, usagef("%w", err)
	}
	return client.Dial(ctx, address, opts)
}

// clientOptions gives what the flags say about the connection.
func (s *shared) clientOptions() (client.Options, error) {
	o := s.remote
	opts := client.Options{Fingerprint: o.fingerprint, Compress: o.compress}
	if o.verbose {
		opts.Logger = slog.New(slog.NewTextHandler(s.streams.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	token, err := o.readToken(s.streams)
	if err != nil {
		return opts, err
	}
	opts.Token = token
	if o.ca != "" {
		if opts.CA, err = os.ReadFile(o.ca); err != nil {
			return opts, usagef("read the certificate authority: %w", err)
		}
	}
	return opts, nil
}

// readToken finds the token; flags come before the environment.
func (o *remoteOptions) readToken(streams Streams) (string, error) {
	switch {
	case o.token != "":
		return o.token, nil
	case o.tokenFile == "-":
		return readSecret(streams.In)
	case o.tokenFile != "":
		f, err := os.Open(o.tokenFile)
		if err != nil {
			return "", usagef("read the token: %w", err)
		}
		defer f.Close()
		return readSecret(f)
	}
	return streams.env("HELIOGRAPH_TOKEN"), nil
}

// readSecret reads a token that stands alone in a file.
func readSecret(r io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSecret+1))
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(data))
	if token == "" || len(data) > maxSecret {
		return "", usagef("read the token: %w", errors.New("the file holds no token"))
	}
	return token, nil
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
