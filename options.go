package heliograph

import (
	"log/slog"

	"github.com/heliograph/heliograph/internal/recorder"
)

// DefaultAddr is where an agent listens, and where its clients look for one.
const DefaultAddr = "127.0.0.1:9223"

// Options of an agent. The zero value is what most programs want.
type Options struct {
	// Name and Version are those of the application, as shown to people. Empty means
	// what the build says: the last element of the main package's path, and the
	// version of its module or, where it has none, its revision.
	Name, Version string

	// PackageID identifies the application, for example "test.example.orders". Empty
	// means the path of the main package.
	PackageID string

	// Project is the path or another stable name of the application's source, and
	// SessionID the identity of the workspace. Tools use them to tell agents apart.
	// An empty Project is PackageID.
	Project, SessionID string

	// Addr is where ListenAndServe listens. Empty means DefaultAddr or, if another
	// program has that port, the first free one of 10223 to 10232, where
	// "heliograph agents" looks, too. Port 0 picks any free port, see Agent.Addr.
	Addr string

	// Brokers are the ports of brokers on this machine that ListenAndServe registers
	// with, see KnownBrokers. None means that clients find the agent by its port.
	Brokers []int

	// KeepLevel is the level from which log records are kept although nobody looks;
	// nil means slog.LevelWarn, and slog.LevelDebug is the lowest that it can be.
	KeepLevel slog.Leveler

	// Limits bounds what is kept.
	Limits Limits

	// Secrets are names of headers, parameters, form fields, JSON members and log
	// attributes whose values are masked besides those with the usual names, such as
	// password or Authorization. Case, hyphens and underscores do not matter.
	Secrets []string

	// Reveal switches masking off: the agent shows everything as it is.
	Reveal bool

	// AllowRemote lets clients in that are not on this machine, or belong to another
	// user of it. There is no password: restrict access in another way.
	AllowRemote bool

	// AllowOrigins are origins of web pages that may use the agent besides those of
	// this machine, for example "https://tools.test".
	AllowOrigins []string

	// AllowHosts are names under which the agent may be asked besides localhost and
	// addresses. Names of a mounted handler's server belong here.
	AllowHosts []string

	// Pprof serves the profiles of package runtime/pprof below /debug/pprof/, for
	// "go tool pprof http://127.0.0.1:9223/debug/pprof/heap". Nothing is registered
	// with http.DefaultServeMux.
	Pprof bool

	// Mirror adds to messages what clients of other generations of the protocol
	// read. They can ask for it themselves with ?compat=mirror.
	Mirror bool

	// Logger gets what the agent has to tell of itself, which is little. It must not
	// lead into the agent's own handler. Nil means that it tells nothing.
	Logger *slog.Logger
}

// Limits bounds what an agent keeps. 0 means the default, a negative number that
// nothing is kept: clients see what happens while they look.
type Limits struct {
	LogRecords int // default 1000, and 8 MiB together
	Exchanges  int // HTTP exchanges; default 500
	// ExchangeBytes bounds the headers and bodies of all exchanges together; default
	// 32 MiB. BodyBytes bounds one body; default 256 KiB.
	ExchangeBytes, BodyBytes int
	BLEEvents                int // default 2000
	ProfilerItems            int // samples, markers and spans of a session, each; default 20000
}

func (l Limits) capacity() *recorder.Capacity {
	c := recorder.DefaultCapacity()
	for _, set := range []struct {
		to   *int
		from int
	}{
		{&c.Logs, l.LogRecords}, {&c.Exchanges, l.Exchanges}, {&c.Detail, l.ExchangeBytes}, {&c.Body, l.BodyBytes},
		{&c.BLE, l.BLEEvents}, {&c.Profiler, l.ProfilerItems},
	} {
		if set.from != 0 {
			*set.to = max(set.from, 0)
		}
	}
	return &c
}
