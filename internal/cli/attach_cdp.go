package cli

import (
	"context"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/internal/app"
)

// agentListen is where the agents of applications listen unless they are told.
const agentListen = "127.0.0.1:9223"

// attachOptions are the flags of attach. The function attach, of the console, joins
// a terminal to a shell and has nothing to do with them.
type attachOptions struct {
	page     app.AttachOptions
	flags    pageFlags
	compat   string
	brokers  []int
	logLevel string
}

func (o *attachOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	o.flags.page = &o.page.PageOptions
	o.flags.add(f)
	addCaptureFlags(f, &o.page.Capture, "the title of the page")
	f.StringArrayVar(&o.page.Listen, "listen", []string{agentListen}, "listen at this `ADDR`, host:port; port 0 picks a free one; repeatable")
	addBrokerFlag(f, &o.brokers)
	f.StringVar(&o.compat, "compat", "", "answer as older agents did, in this `MODE`: mirror")
	f.StringArrayVar(&o.page.AllowOrigins, "allow-origin", nil, "let pages of this `ORIGIN` use the API, such as https://panel.example; repeatable")
	f.StringArrayVar(&o.page.AllowHosts, "allow-host", nil, "answer to this `NAME` in Host headers, besides the device's own; repeatable")
	f.StringVar(&o.logLevel, "log-level", "info", "log to standard error from this `LEVEL` on: debug, info, warn, error")
	f.StringVar(&o.page.UIDir, "ui-dir", "", "serve the user interface from this `DIR`, for work on it")
	_ = f.MarkHidden("ui-dir")
}

// NewAttach makes the verb that looks into a browser.
func NewAttach(info BuildInfo, streams Streams) *cobra.Command {
	var opts attachOptions
	cmd := &cobra.Command{
		Use:   "attach",
		Short: "Look into a web page, an Electron application or an Android WebView",
		Long: `Look into a page of a browser that was started with --remote-debugging-port, and
serve what it does: its console, requests with bodies, navigation, changes of its
elements, dialogs, errors, and figures while a profiler session runs.

The page is not stopped or changed. If it is closed the next one is looked into,
and a browser that is started again is found again. Electron takes the same flag;
for an Android WebView: adb forward tcp:9222 localabstract:webview_devtools_remote_PID

Secrets in captured requests, addresses and messages are replaced by *** unless
--reveal is given.

The line "listening on http://…" on standard output tells each address in use.

` + exitCodesHelp,
		Example: `  chromium --remote-debugging-port=9222 http://localhost:3000 &
  heliograph attach --cdp http://127.0.0.1:9222
  heliograph attach --cdp http://127.0.0.1:9222 --target checkout --listen 127.0.0.1:0`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAttach(cmd.Context(), info, streams, opts) },
	}
	opts.addFlags(cmd)
	return cmd
}

// runAttach looks into a browser until ctx ends.
func runAttach(ctx context.Context, info BuildInfo, streams Streams, opts attachOptions) error {
	if err := opts.check(); err != nil {
		return err
	}
	log, err := newLogger(streams.Err, opts.logLevel)
	if err != nil {
		return err
	}
	page := opts.page
	page.Brokers = opts.brokers
	page.Mirror, page.Version, page.Logger = opts.compat == "mirror", first(info.Version, "unknown"), log
	attachment, err := app.NewAttachment(ctx, page)
	if err != nil {
		return err
	}
	defer attachment.Close()
	remote := false
	for i, address := range attachment.URLs() {
		if _, err := fmt.Fprintf(streams.Out, "listening on %s\n", address); err != nil {
			return err
		}
		remote = remote || i < len(page.Listen) && !isLoopbackAddress(page.Listen[i])
	}
	if remote {
		fmt.Fprintf(streams.Err, "from other machines open %s\n", attachment.Login())
	}
	return attachment.Run(ctx)
}

func (o *attachOptions) check() error {
	if o.page.CDP == "" {
		return usagef("--cdp is missing: where is the browser's debug port? such as http://127.0.0.1:9222")
	}
	if err := o.flags.check(); err != nil {
		return err
	}
	if o.compat != "" && o.compat != "mirror" {
		return usagef("--compat: %q is not mirror", o.compat)
	}
	return checkCapture(o.page.Capture)
}

// isLoopback tells whether a host is this machine, without asking a name server.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
