package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/app"
	"github.com/heliograph/heliograph/internal/config"
)

// serveOptions are the flags of serve that are no settings, and those that are.
type serveOptions struct {
	configFile string
	settings   config.Flags
	tls        bool
	uiDir      string
	logLevel   string
	shown      shownFlags
}

func (o *serveOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.configFile, "config", "", "read the settings from this YAML `FILE`")
	f.StringArrayVar(&o.settings.Listen, "listen", nil, "listen at this `ADDR`, host:port; port 0 picks a free one; repeatable (default 127.0.0.1:5800)")
	f.StringVar(&o.settings.StateDir, "state-dir", "", "keep tokens, certificate and change journal in this `DIR`")
	f.StringArrayVar(&o.settings.LogFiles, "log-file", nil, "offer the file at this `PATH` as a log source; repeatable")
	f.StringArrayVar(&o.settings.AllowOrigins, "allow-origin", nil, "let pages of this `ORIGIN` use the API, such as https://panel.example; repeatable")
	f.StringArrayVar(&o.settings.AllowHosts, "allow-host", nil, "answer to this `NAME` in Host headers, besides the device's own; repeatable")
	f.StringSliceVar(&o.settings.Simulate, "simulate", nil, "plug in simulated devices: `LIST` of imu, power, lighting, ota, camera")
	f.BoolVar(&o.settings.InsecureNoAuth, "insecure-no-auth", false, "let everybody in, with all rights, shells included; for isolated networks only")
	f.BoolVar(&o.tls, "tls", false, "serve https; without a certificate in the settings one is made, and its fingerprint printed")
	f.StringVar(&o.logLevel, "log-level", "info", "log to standard error from this `LEVEL` on: debug, info, warn, error")
	f.StringVar(&o.uiDir, "ui-dir", "", "serve the user interface from this `DIR`, for work on it")
	_ = f.MarkHidden("ui-dir")
	o.shown.add(f)
}

// NewServe makes the verb that runs the daemon.
func NewServe(info BuildInfo, streams Streams) *cobra.Command {
	var opts serveOptions
	cmd := &cobra.Command{
		Use:   "serve [flags] [-- COMMAND [ARG…]]",
		Short: "Show this device live to browsers and programs",
		Long: `Show this device live: a web page at /, the HeliOS WebSocket API at /v1/ws and
its HTTP endpoints below /v1.

Without flags it listens on 127.0.0.1:5800 only, where programs of the same user
need no token. Everybody else needs the token that is printed at the first start.

The line "listening on http://…" on standard output tells each address in use.
SIGINT and SIGTERM end it in order: clients are told, shells are ended.

The App part of the page, and the DevFlow Agent Protocol at the same address, show
heliograph itself; a program that is started with it, if a command is given after --;
or a page of a browser with --cdp. Programs are run as by "heliograph run", and pages
looked into as by "heliograph attach"; see there. When the program ends, it goes on
serving. It ends the program when it ends: the program gets the signal, too, SIGTERM
4 s later and SIGKILL 9 s later.

` + exitCodesHelp + `
If the command cannot be executed the exit code is 126, if it was not found 127.`,
		Example: `  heliograph serve
  heliograph serve --listen 0.0.0.0:5800 --tls
  heliograph serve --listen 127.0.0.1:0 --log-file /var/log/myapp.log
  heliograph serve --config /etc/heliograph.yaml
  heliograph serve -- node app.js
  heliograph serve --cdp http://127.0.0.1:9222 --target panel`,
		Args: func(cmd *cobra.Command, list []string) error { return opts.shown.check(cmd, list) },
		RunE: func(cmd *cobra.Command, command []string) error {
			return runServe(cmd.Context(), info, streams, opts, command)
		},
	}
	opts.addFlags(cmd)
	return cmd
}

// runServe runs the daemon until ctx ends.
func runServe(ctx context.Context, info BuildInfo, streams Streams, opts serveOptions, command []string) error {
	cfg, err := opts.config()
	if err != nil {
		return err
	}
	log, err := newLogger(streams.Err, opts.logLevel)
	if err != nil {
		return err
	}
	daemonOptions := app.Options{Config: cfg, Version: first(info.Version, "unknown"), UIDir: opts.uiDir, Logger: log}
	if daemonOptions.Program, daemonOptions.Page, err = opts.shown.options(command, streams); err != nil {
		return err
	}
	daemon, err := app.New(ctx, daemonOptions)
	if err != nil {
		return err
	}
	defer daemon.Close()
	if err := announce(streams.Out, streams.env, daemon); err != nil {
		return err
	}
	return notStarted(daemon.Run(ctx))
}

// announce prints where the server is, and how to get in for the first time.
func announce(out io.Writer, getenv func(string) string, daemon *app.App) error {
	for _, url := range daemon.URLs() {
		if _, err := fmt.Fprintf(out, "listening on %s\n", url); err != nil {
			return err
		}
	}
	fingerprint, err := daemon.Fingerprint()
	if err != nil {
		return err
	}
	if fingerprint != "" {
		fmt.Fprintf(out, "certificate SHA-256 fingerprint %s\n", fingerprint)
	}
	switch login := daemon.Login(); {
	case login == "":
	case keptByJournal(out, getenv):
		fmt.Fprintln(out, "first start: a token was made, and is not shown because this output is kept; make one with: heliograph token create NAME")
	default:
		fmt.Fprintf(out, "first start: a token was made; this is the only time that it is shown\nopen %s\n", login)
	}
	return nil
}

// keptByJournal reports whether what is written to out ends up in the systemd
// journal, which others may read: systemd names the file behind it in
// JOURNAL_STREAM (systemd.exec(5)).
func keptByJournal(out io.Writer, getenv func(string) string) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	var stat unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &stat); err != nil {
		return false
	}
	return getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}

// config puts the flags over the settings of the file.
func (o *serveOptions) config() (config.Config, error) {
	cfg, err := config.Load(o.configFile)
	if err != nil {
		return cfg, usagef("%w", err)
	}
	flags := o.settings
	flags.LogFiles = nil
	for _, path := range o.settings.LogFiles {
		absolute, err := filepath.Abs(path)
		if err != nil {
			return cfg, fmt.Errorf("log file %s: %w", path, err)
		}
		flags.LogFiles = append(flags.LogFiles, absolute)
	}
	cfg.Apply(flags)
	cfg.TLS.Enabled = cfg.TLS.Enabled || o.tls
	if err := cfg.Check(); err != nil {
		return cfg, usagef("%w", err)
	}
	for _, name := range cfg.Simulate {
		if known := app.Simulations(); !slices.Contains(known, name) {
			return cfg, usagef("simulate: there is no simulated %s; there are %s", name, strings.Join(known, ", "))
		}
	}
	return cfg, nil
}

// newLogger returns a logger of text lines.
func newLogger(out io.Writer, level string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, usagef("--log-level: %q is none of debug, info, warn, error", level)
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: least})), nil
}
