package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"
)

func newAsyncAPI(s *shared) *cobra.Command {
	var embedded bool
	cmd := &cobra.Command{
		Use:   "asyncapi",
		Short: "Print the AsyncAPI document of a server",
		Long: `Print the AsyncAPI document in which a server describes its channels and their
messages, or with --embedded the one of this program's own server.

` + exitCodesHelp,
		Example: `  heliograph asyncapi > asyncapi.json
  heliograph asyncapi --embedded | jq '.channels | keys'`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAsyncAPI(cmd.Context(), s, embedded) },
	}
	cmd.Flags().BoolVar(&embedded, "embedded", false, "print the document that is built into this program; asks no server")
	return cmd
}

func runAsyncAPI(ctx context.Context, s *shared, embedded bool) error {
	document, err := s.asyncAPI(ctx, embedded)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if s.remote.json {
		err = json.Compact(&out, document)
	} else {
		err = json.Indent(&out, document, "", "  ")
	}
	if err != nil {
		return err
	}
	out.Truncate(len(bytes.TrimRight(out.Bytes(), "\n")))
	out.WriteByte('\n')
	_, err = out.WriteTo(s.streams.Out)
	return err
}

func (s *shared) asyncAPI(ctx context.Context, embedded bool) ([]byte, error) {
	if embedded {
		if s.deps.AsyncAPI == nil {
			return nil, errors.New("no AsyncAPI document is built into this program")
		}
		return s.deps.AsyncAPI()
	}
	c, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.AsyncAPI(ctx)
}
