package heliograph

import (
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/heliograph/heliograph/internal/recorder"
)

// modulePath is this module, by which a program's build says which version of it was
// built in.
const modulePath = "github.com/heliograph/heliograph"

// describe returns what is known of the application and of the agent's version.
func describe(opts Options) (app recorder.App, agentVersion string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	app, agentVersion = fromBuild(info)
	for _, set := range []struct{ to, from *string }{
		{&app.Name, &opts.Name}, {&app.Version, &opts.Version}, {&app.PackageID, &opts.PackageID},
		{&app.Project, &opts.Project}, {&app.SessionID, &opts.SessionID},
	} {
		if *set.from != "" {
			*set.to = *set.from
		}
	}
	if app.Name == "" {
		app.Name = strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	}
	if app.PackageID == "" {
		app.PackageID = app.Name
	}
	if app.Project == "" {
		app.Project = app.PackageID
	}
	app.ProcessID = os.Getpid()
	return app, agentVersion
}

// fromBuild reads what the linker noted.
func fromBuild(info *debug.BuildInfo) (app recorder.App, agentVersion string) {
	main := info.Path
	if main == "command-line-arguments" {
		main = "" // it was built from files
	}
	app.PackageID, app.Version = main, released(info.Main.Version)
	if main != "" {
		app.Name = path.Base(main)
		if isMajor(app.Name) && path.Dir(main) != "." {
			app.Name = path.Base(path.Dir(main)) // "orders" of "example.test/orders/v2"
		}
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	app.Build = settings["vcs.revision"]
	if app.Version == "" && app.Build != "" {
		app.Version = app.Build[:min(len(app.Build), 12)]
		if settings["vcs.modified"] == "true" {
			app.Version += "+dirty"
		}
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == modulePath {
			if m.Replace != nil {
				m = m.Replace
			}
			agentVersion = released(m.Version)
		}
	}
	return app, strings.TrimPrefix(agentVersion, "v")
}

// released returns a version, or "" for that of a working copy.
func released(version string) string {
	if version == "(devel)" {
		return ""
	}
	return version
}

// isMajor reports whether an element of a path is a major version, such as "v2".
func isMajor(element string) bool {
	digits, ok := strings.CutPrefix(element, "v")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}
