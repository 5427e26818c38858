package heliograph

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/server/origin"
)

// pprofPath is where "go tool pprof" looks.
const pprofPath = "/debug/pprof/"

// Bounds and defaults of profiles that take time.
const (
	maxProfile     = 5 * time.Minute
	defaultProfile = 30 * time.Second
	defaultTrace   = time.Second
)

// pprofHandler serves the profiles of package runtime/pprof. Package net/http/pprof is
// not used, because importing it registers handlers with http.DefaultServeMux, which
// may be that of a server which is open to the world.
func (a *Agent) pprofHandler() http.Handler {
	policy, err := origin.NewPolicy(a.opts.AllowHosts, a.opts.AllowOrigins, func() string { return "" })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err != nil {
			http.Error(w, "heliograph: "+err.Error(), http.StatusInternalServerError)
			return
		}
		host, problem := policy.CheckHost(r.Host)
		if problem == nil {
			_, problem = policy.CheckOrigin(r, host, r.TLS != nil)
		}
		if problem != nil {
			http.Error(w, problem.Error(), http.StatusForbidden)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET is possible here", http.StatusMethodNotAllowed)
			return
		}
		serveProfile(w, r, strings.TrimPrefix(r.URL.Path, pprofPath))
	})
}

func serveProfile(w http.ResponseWriter, r *http.Request, name string) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch name {
	case "":
		serveProfileList(w)
	case "cmdline":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprint(w, strings.Join(os.Args, "\x00"))
	case "profile":
		during(w, r, name, defaultProfile, func() error { return pprof.StartCPUProfile(w) }, pprof.StopCPUProfile)
	case "trace":
		during(w, r, name, defaultTrace, func() error { return trace.Start(w) }, trace.Stop)
	default:
		serveSnapshot(w, r, name)
	}
}

func serveProfileList(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	names := []string{"cmdline", "profile?seconds=30", "trace?seconds=1"}
	for _, p := range pprof.Profiles() {
		names = append(names, p.Name()+"?debug=1")
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintln(w, pprofPath+name)
	}
}

func serveSnapshot(w http.ResponseWriter, r *http.Request, name string) {
	p := pprof.Lookup(name)
	if p == nil {
		http.Error(w, "there is no such profile", http.StatusNotFound)
		return
	}
	if name == "heap" && r.FormValue("gc") == "1" {
		runtime.GC()
	}
	debug, err := strconv.Atoi(r.FormValue("debug"))
	if err != nil || debug < 0 {
		debug = 0
	}
	if debug > 0 {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	} else {
		attach(w, name)
	}
	_ = p.WriteTo(w, debug) // the client is gone
}

func attach(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// during writes a profile that takes time.
func during(w http.ResponseWriter, r *http.Request, name string, usual time.Duration, start func() error, stop func()) {
	length := usual
	if seconds, err := strconv.ParseFloat(r.FormValue("seconds"), 64); err == nil && seconds > 0 {
		length = time.Duration(min(seconds, maxProfile.Seconds()) * float64(time.Second))
	}
	attach(w, name)
	if err := start(); err != nil { // there is one already
		w.Header().Del("Content-Disposition")
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	defer stop()
	t := time.NewTimer(length)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}
