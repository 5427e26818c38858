package device

import (
	"strings"
	"sync"
	"testing"

	"github.com/heliograph/heliograph/api"
	"github.com/heliograph/heliograph/internal/asyncapi"
)

// Multiplexed is the path of the socket that carries all channels.
const Multiplexed = "/v1/ws"

// validator checks messages of the server against the document.
type validator struct {
	document *asyncapi.Validator
	agent    func() (*agentDocuments, error) // read when the first message is checked

	mu    sync.Mutex
	known map[string]bool // messages that were found right, with their channel
	bytes int             // size of known
	seen  map[string]int  // messages by channel, with the race detector
}

// maxKnown bounds the memory of messages that were found right.
const maxKnown = 16 << 20

func newValidator(t testing.TB) *validator {
	t.Helper()
	v, err := asyncapi.NewValidator(api.Helios("", false))
	if err != nil {
		t.Fatal(err)
	}
	return &validator{document: v, agent: sync.OnceValues(readAgentDocuments), known: map[string]bool{}, seen: map[string]int{}}
}

// channel returns the channel of a socket's path, query included: empty for the
// multiplexed socket. It reports false for the sockets that the contract calls
// unpublished: the document does not have them.
func channel(path string) (name string, documented bool) {
	path, _, _ = strings.Cut(path, "?")
	rest, found := strings.CutPrefix(path, Multiplexed+"/")
	if !found {
		return "", path == Multiplexed
	}
	if id, found := strings.CutPrefix(rest, "streams/"); found {
		id, kind, _ := strings.Cut(id, "/")
		return "streams." + id + "." + kind, kind == "frames" || kind == "metrics"
	}
	switch rest {
	case "telemetry":
		return "device.telemetry", true
	case "devices":
		return "devices.updates", true
	case "console":
		return "console.session", true
	}
	return rest + ".stream", true
}

// check returns what is wrong with a text message that the server has sent on
// the socket of a path. What a hundred viewers get is looked at once.
func (v *validator) check(path string, message []byte) error {
	if IsAgentPath(path) {
		return v.checkAgent(path, message)
	}
	name, documented := channel(path)
	if !documented {
		return nil
	}
	key := name + " " + string(message)
	if v.skip(name, key, Race) {
		return nil
	}
	var err error
	if name == "" {
		err = v.document.Envelope(asyncapi.Receive, message)
	} else {
		err = v.document.Payload(name, asyncapi.Receive, message)
	}
	if err == nil {
		v.remember(key)
	}
	return err
}

// skip reports whether a message need not be looked at. The race detector makes
// looking so slow that a test would be the slowest client: with sparse set, most
// messages of a long series are let pass; without it none is.
func (v *validator) skip(channel, key string, sparse bool) bool {
	const first, then = 300, 20
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known[key] {
		return true
	}
	if !sparse {
		return false
	}
	v.seen[channel]++
	n := v.seen[channel]
	return n > first && n%then != 0
}

func (v *validator) remember(key string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.bytes += len(key); v.bytes > maxKnown {
		clear(v.known)
		v.bytes = len(key)
	}
	v.known[key] = true
}
