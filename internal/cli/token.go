package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/server/statedir"
	"github.com/heliograph/heliograph/internal/server/token"
	"github.com/spf13/cobra"
)

type tokenOptions struct {
	stateDir string
	name     string
	scopes   []string
}

func newToken(s *shared) *cobra.Command {
	o := &tokenOptions{}
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Manage the tokens that let clients in from elsewhere",
		Long: `Manage the tokens of the server on this machine, in its state directory. A running
server takes over changes at once; a revoked token ends its sessions and sockets.

Scopes, each including those before it: view (see everything but type nothing),
control (change things), console (use shells), admin (everything).

` + exitCodesHelp,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&o.stateDir, "state-dir", "", "state `DIRECTORY` of the server; default as for serve")
	_ = cmd.MarkPersistentFlagDirname("state-dir")
	cmd.AddCommand(newTokenList(s, o), newTokenCreate(s, o), newTokenRevoke(s, o))
	return cmd
}

func newTokenList(s *shared, o *tokenOptions) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the tokens, without their secrets",
		Example: `  heliograph token list`,
		Args:    args(cobra.NoArgs),
		RunE:    func(*cobra.Command, []string) error { return runTokenList(s, *o) },
	}
}

func newTokenCreate(s *shared, o *tokenOptions) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a token and print it once",
		Long: `Make a token and print it on standard output. It is stored nowhere and cannot be
shown again; revoke it when it is lost.

` + exitCodesHelp,
		Example: `  heliograph token create laptop --scope console
  heliograph token create ci --scope view > ci.token`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, list []string) error {
			o.name = list[0]
			return runTokenCreate(s, *o)
		},
	}
	cmd.Flags().StringSliceVar(&o.scopes, "scope", []string{string(access.View)}, "`SCOPE` of the token: view, control, console or admin; may be repeated")
	_ = cmd.RegisterFlagCompletionFunc("scope", cobra.FixedCompletions([]cobra.Completion{"view", "control", "console", "admin"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func newTokenRevoke(s *shared, o *tokenOptions) *cobra.Command {
	return &cobra.Command{
		Use:     "revoke NAME",
		Short:   "Make a token worthless, with all sessions opened with it",
		Example: `  heliograph token revoke laptop`,
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, list []string) error {
			o.name = list[0]
			return runTokenRevoke(s, *o)
		},
	}
}

// withTokens opens the token store beside a server that may be running.
func withTokens(s *shared, o tokenOptions, do func(*token.Store) error) error {
	path := o.stateDir
	if path == "" {
		var err error
		if path, err = statedir.Default(s.streams.env); err != nil {
			return err
		}
	}
	dir, err := statedir.Use(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return do(token.NewStore(dir))
}

func runTokenList(s *shared, o tokenOptions) error {
	return withTokens(s, o, func(store *token.Store) error {
		list, err := store.List()
		if err != nil {
			return err
		}
		rows := [][]string{{"NAME", "SCOPES", "CREATED"}}
		for _, t := range list {
			if s.remote.json {
				if err := printJSON(s.streams.Out, t); err != nil {
					return err
				}
			}
			rows = append(rows, []string{t.Name, scopeText(t.Scopes), t.Created.Local().Format(time.DateTime)})
		}
		if s.remote.json {
			return nil
		}
		return table(s.streams.Out, rows)
	})
}

func scopeText(scopes []access.Scope) string {
	var names []string
	for _, scope := range scopes {
		names = append(names, string(scope))
	}
	return strings.Join(names, ",")
}

func runTokenCreate(s *shared, o tokenOptions) error {
	var scopes []access.Scope
	for _, name := range o.scopes {
		scope, err := access.ParseScope(name)
		if err != nil {
			return usagef("%w", err)
		}
		scopes = append(scopes, scope)
	}
	return withTokens(s, o, func(store *token.Store) error {
		secret, err := store.Create(o.name, scopes)
		if err != nil {
			return err
		}
		if s.remote.json {
			return printJSON(s.streams.Out, map[string]any{"name": o.name, "scopes": scopes, "token": secret})
		}
		if _, err := fmt.Fprintln(s.streams.Out, secret); err != nil {
			return err
		}
		s.notice("made token %q with scope %s; it is not stored and cannot be shown again", o.name, scopeText(scopes))
		return nil
	})
}

func runTokenRevoke(s *shared, o tokenOptions) error {
	return withTokens(s, o, func(store *token.Store) error {
		if err := store.Revoke(o.name); err != nil {
			return err
		}
		s.notice("revoked token %q", o.name)
		return nil
	})
}
