package cli

import (
	"errors"
	"net/url"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/heliograph/heliograph/internal/app"
)

// The flags of the verbs that look into an application: run, attach and serve.

// addCaptureFlags adds those for any application.
func addCaptureFlags(f *pflag.FlagSet, c *app.Capture, name string) {
	f.StringVar(&c.Name, "name", "", "show the application by this `NAME` (default: "+name+")")
	f.IntVar(&c.BodyLimit, "body-limit", 256<<10, "keep this many `BYTES` of each body; 0 keeps none")
	f.BoolVar(&c.Reveal, "reveal", false, "keep secrets in what is captured: passwords, tokens, cookies")
}

// addBrokerFlag adds the one that makes an agent known to tools.
func addBrokerFlag(f *pflag.FlagSet, ports *[]int) {
	f.IntSliceVar(ports, "broker", nil, "register with the brokers of DevFlow tools at these `PORTS` of this machine, such as 19223,19323")
}

func checkCapture(c app.Capture) error {
	if c.BodyLimit < 0 {
		return usagef("--body-limit: %d is below 0", c.BodyLimit)
	}
	return nil
}

// addProgramFlags adds those for programs.
func addProgramFlags(f *pflag.FlagSet, p *app.ProgramOptions) {
	f.BoolVar(&p.NoProxy, "no-proxy", false, "leave the program's network traffic alone")
	f.BoolVar(&p.NoOTLP, "no-otlp", false, "do not offer a receiver for OpenTelemetry")
	f.StringArrayVar(&p.Opaque, "opaque", nil, "do not look into TLS with this `HOST`; repeatable")
	f.StringVar(&p.UpstreamCA, "upstream-ca", "", "trust servers with certificates of the authorities in this PEM `FILE`, too")
}

// attend gives a program our standard streams and the witness of signals.
func attend(p *app.ProgramOptions, streams Streams) error {
	p.Witness = []string{"/proc/self/exe", witnessVerb}
	var ok [3]bool
	p.Stdin, ok[0] = streams.In.(*os.File)
	p.Stdout, ok[1] = streams.Out.(*os.File)
	p.Stderr, ok[2] = streams.Err.(*os.File)
	if ok != [3]bool{true, true, true} {
		return errors.New("the standard streams are no files")
	}
	return nil
}

// notStarted gives the failure of a program to start its own exit code.
func notStarted(err error) error {
	switch {
	case errors.Is(err, app.ErrCommandNotFound):
		return runFailure{err, ExitCommandMissing}
	case errors.Is(err, app.ErrNotExecutable):
		return runFailure{err, ExitNotExecutable}
	}
	return err
}

// pageFlags are those for pages of a browser.
type pageFlags struct {
	page   *app.PageOptions
	remote bool
}

func (o *pageFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.page.CDP, "cdp", "", "the debug port of the browser at this `URL`, such as http://127.0.0.1:9222")
	f.BoolVar(&o.remote, "cdp-allow-remote", false, "let --cdp be on another machine; whoever reads that network sees everything")
	f.StringVar(&o.page.Target, "target", "", "look into the target of this id, or with this `TEXT` in its URL or title (default: the first page)")
}

func (o *pageFlags) check() error {
	u, err := url.Parse(o.page.CDP)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usagef("--cdp: %q is not like http://127.0.0.1:9222", o.page.CDP)
	}
	if !o.remote && !isLoopback(u.Hostname()) {
		return usagef("--cdp: %s is not this machine; what goes over the network there is not protected: --cdp-allow-remote", u.Hostname())
	}
	return nil
}

// shownFlags are the flags of serve that say what it shows besides the device.
type shownFlags struct {
	capture app.Capture
	program app.ProgramOptions
	page    app.PageOptions
	cdp     pageFlags
}

func (o *shownFlags) add(f *pflag.FlagSet) {
	addCaptureFlags(f, &o.capture, "that of the program or script, or the title of the page")
	addProgramFlags(f, &o.program)
	o.cdp.page = &o.page
	o.cdp.add(f)
}

// check compares the flags with what is to be shown.
func (o *shownFlags) check(cmd *cobra.Command, list []string) error {
	program, page := cmd.ArgsLenAtDash() >= 0, cmd.Flags().Changed("cdp")
	switch {
	case len(list) > 0 && cmd.ArgsLenAtDash() != 0:
		return usagef("unknown argument %q; a program to run is given after --", list[0])
	case program && (len(list) == 0 || list[0] == ""):
		return usagef("what is to be run? heliograph serve -- COMMAND")
	case program && page:
		return usagef("either a program or --cdp can be shown, not both")
	}
	for _, of := range []struct {
		given bool
		what  string
		flags []string
	}{
		{program, "a program: heliograph serve -- COMMAND", []string{"no-proxy", "no-otlp", "opaque", "upstream-ca"}},
		{page, "a page: --cdp", []string{"target", "cdp-allow-remote"}},
		{program || page, "a program or a page: heliograph serve -- COMMAND, or --cdp", []string{"name", "body-limit", "reveal"}},
	} {
		for _, name := range of.flags {
			if cmd.Flags().Changed(name) && !of.given {
				return usagef("--%s is for %s", name, of.what)
			}
		}
	}
	if page {
		if err := o.cdp.check(); err != nil {
			return err
		}
	}
	return checkCapture(o.capture)
}

// options returns what is shown; both are nil for the daemon itself.
func (o *shownFlags) options(command []string, streams Streams) (*app.ProgramOptions, *app.PageOptions, error) {
	switch {
	case len(command) > 0:
		program := o.program
		program.Command, program.Capture = command, o.capture
		return &program, nil, attend(&program, streams)
	case o.page.CDP != "":
		page := o.page
		page.Capture = o.capture
		return nil, &page, nil
	}
	return nil, nil, nil
}
