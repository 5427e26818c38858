// Command heliograph shows what a Linux device and the apps on it are doing,
// live, to browsers and programs.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/heliograph/heliograph/api"
	"github.com/heliograph/heliograph/internal/cli"
)

// version is set by the linker: -X main.version=1.2.3.
var version = "0.1.0-dev"

func main() {
	info, streams := buildInfo(), cli.System()
	deps := cli.Deps{AsyncAPI: func() ([]byte, error) { return api.Helios("localhost:5800", false), nil }}
	root := cli.New(info, deps, streams, cli.NewServe(info, streams), cli.NewAttach(info, streams), cli.NewRun(info, streams), cli.NewRunWitness(streams))
	os.Exit(cli.Execute(context.Background(), root, os.Args[1:]))
}

// buildInfo tells the version and the revision it was built from, if known.
func buildInfo() cli.BuildInfo {
	info := cli.BuildInfo{Version: version}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return info
	}
	for _, setting := range build.Settings {
		switch setting.Key {
		case "vcs.revision":
			info.Commit = setting.Value
		case "vcs.time":
			info.Date = setting.Value
		}
	}
	return info
}
