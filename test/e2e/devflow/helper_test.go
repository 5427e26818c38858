package devflow

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// agent is a running agent with an application that does what it is told.
type agent struct {
	*device.Device

	t      *testing.T
	file   string // where the application writes the address of its control port
	once   sync.Once
	app    string
	mirror bool // the mirror is the default
	client *http.Client
}

// startRun starts heliograph run with the application.
func startRun(t *testing.T, args ...string) *agent {
	t.Helper()
	a := newAgent(t)
	for i, arg := range args {
		a.mirror = a.mirror || arg == "--compat" && args[i+1] == "mirror"
	}
	a.Device = device.Start(t, device.Options{Args: args, Run: a.program()})
	device.Poll(t, "the application to run", func() bool { // the agent is there before it
		_, err := os.Stat(a.file)
		return err == nil
	})
	return a
}

// startProgram starts the application with an agent in it.
func startProgram(t *testing.T, compat string, args ...string) *agent {
	t.Helper()
	a := newAgent(t)
	a.mirror = compat == "mirror"
	program := a.program(append(args, "-agent")...)
	if a.mirror {
		program = append(program, "-mirror")
	}
	a.Device = device.Start(t, device.Options{Program: program})
	return a
}

// newAgent prepares what is needed to tell the application what to do.
func newAgent(t *testing.T) *agent {
	t.Helper()
	a := &agent{t: t, file: filepath.Join(t.TempDir(), "control")}
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		return a.DialContext(ctx, network, addr)
	}
	a.client = &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: device.Patience}
	t.Cleanup(a.client.CloseIdleConnections)
	return a
}

// program is the command of the application.
func (a *agent) program(args ...string) []string {
	return append([]string{os.Getenv(appEnv), "-control", a.file}, args...)
}

// startMode is startRun with a compatibility mode as the setting of the agent.
func startMode(t *testing.T, compat string, args ...string) *agent {
	t.Helper()
	if compat == "mirror" {
		args = append(args, "--compat", "mirror")
	}
	return startRun(t, args...)
}

// modes runs a test in both compatibility modes.
func modes(t *testing.T, test func(t *testing.T, compat string)) {
	t.Parallel()
	for _, compat := range []string{"none", "mirror"} {
		t.Run(compat, func(t *testing.T) {
			t.Parallel()
			test(t, compat)
		})
	}
}

// tell tells the application to do something, and returns what it answers. Parameters
// are pairs of name and value.
func (a *agent) tell(what string, params ...string) string {
	a.t.Helper()
	status, text := a.ask(what, params...)
	if status != http.StatusOK {
		a.t.Errorf("%s: status %d, %s", what, status, text)
	}
	return text
}

// try is tell where the application may fail.
func (a *agent) try(what string, params ...string) string {
	a.t.Helper()
	_, text := a.ask(what, params...)
	return text
}

func (a *agent) ask(what string, params ...string) (status int, text string) {
	a.t.Helper()
	a.once.Do(func() {
		device.Poll(a.t, "the application to be ready", func() bool {
			data, err := os.ReadFile(a.file)
			a.app = string(data)
			return err == nil
		})
	})
	form := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	answer, err := a.client.PostForm(a.app+what, form)
	if err != nil {
		a.t.Errorf("%s: %v", what, err)
		return 0, ""
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		a.t.Errorf("%s: %v", what, err)
	}
	return answer.StatusCode, string(data)
}

// log makes the application log an entry.
func (a *agent) log(level, text string, more ...string) {
	a.t.Helper()
	a.tell("/log", append([]string{"level", level, "text", text}, more...)...)
}

// fetch makes the application request something.
func (a *agent) fetch(method, target string, more ...string) string {
	a.t.Helper()
	return a.tell("/fetch", append([]string{"method", method, "url", target}, more...)...)
}

// site is a server that the application asks. It answers /status/N with that status
// and anything else with the body of the request, or a text.
func site(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if status, found := strings.CutPrefix(r.URL.Path, "/status/"); found {
			n, _ := strconv.Atoi(status)
			w.WriteHeader(n)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Add("X-Many", "one")
		w.Header().Add("X-Many", "two")
		if len(body) == 0 {
			body = []byte("hello")
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// socket is an open channel. What it reads is compared with the rules of the
// compatibility mode, besides the document.
type socket struct {
	*device.Socket

	t       *testing.T
	channel string
	mirror  bool
}

// open opens a channel.
func (a *agent) open(path string) *socket {
	a.t.Helper()
	s := a.wrap(path)
	s.Socket = a.Dial(path)
	return s
}

// wrap tells the channel and the mode of a path.
func (a *agent) wrap(path string) *socket {
	plain, query, _ := strings.Cut(path, "?")
	mirror := a.mirror
	for part := range strings.SplitSeq(query, "&") {
		if mode, found := strings.CutPrefix(part, "compat="); found {
			mirror = strings.EqualFold(mode, "mirror")
		}
	}
	channel := strings.TrimSuffix(strings.TrimPrefix(plain, "/ws/v1/"), "/")
	channel = strings.TrimPrefix(channel, "device/")
	return &socket{t: a.t, channel: channel, mirror: mirror}
}

// object is a JSON object.
type object map[string]any

func (o object) typ() string            { return o.text("type") }
func (o object) data() object           { return o.object("data") }
func (o object) text(k string) string   { s, _ := o[k].(string); return s }
func (o object) number(k string) int    { n, _ := o[k].(float64); return int(n) }
func (o object) object(k string) object { m, _ := o[k].(map[string]any); return m }
func (o object) list(k string) []object {
	items, _ := o[k].([]any)
	list := make([]object, len(items))
	for i := range items {
		list[i], _ = items[i].(map[string]any)
	}
	return list
}

// texts returns one member of each object of a list.
func (o object) texts(list, member string) string { return texts(o.list(list), member) }

func texts(list []object, member string) string {
	var all []string
	for _, one := range list {
		all = append(all, one.text(member))
	}
	return strings.Join(all, " ")
}

// next returns the next message, which must be of the type.
func (s *socket) next(typ string) object {
	s.t.Helper()
	o := s.check(s.Next())
	if o.typ() != typ {
		s.t.Fatalf("%s: got %v, want a message of type %s", s.channel, o, typ)
	}
	return o
}

// nothing checks that nothing has come: a ping is answered after what was sent before.
func (s *socket) nothing() {
	s.t.Helper()
	s.Ping()
	for _, m := range s.Pending() {
		s.t.Errorf("%s: an unexpected message: %.1000s", s.channel, m.Data)
	}
}

// check compares a message with sections 2.5 and 2.8.
func (s *socket) check(m device.Message) object {
	s.t.Helper()
	var o object
	if err := json.Unmarshal(m.Data, &o); err != nil {
		s.t.Fatalf("%s: %v", m.Data, err)
	}
	checkTimestamp(s.t, o.text("timestamp"))
	checkMirror(s.t, s.channel, o, s.mirror)
	return o
}

// wantClosed wants a close frame with a code, and nothing before it.
func (s *socket) wantClosed(want int) {
	s.t.Helper()
	for {
		m, err := s.TryNext(device.Patience)
		if err == nil {
			s.t.Errorf("%s: an unexpected message before the end: %.1000s", s.channel, m.Data)
			continue
		}
		if got := closeCode(err); got != want {
			s.t.Errorf("%s: ended with %v, want close code %d", s.channel, err, want)
		}
		return
	}
}
