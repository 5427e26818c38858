package device

import (
	"strings"
	"testing"

	"github.com/heliograph/heliograph/api"
	"github.com/heliograph/heliograph/internal/asyncapi"
)

// Multiplexed is the path of the socket that carries all channels.
const Multiplexed = "/v1/ws"

// validator checks messages of the server against the document.
type validator struct {
	document *asyncapi.Validator
}

func newValidator(t testing.TB) *validator {
	t.Helper()
	v, err := asyncapi.NewValidator(api.Helios("", false))
	if err != nil {
		t.Fatal(err)
	}
	return &validator{v}
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
// the socket of a path.
func (v *validator) check(path string, message []byte) error {
	name, documented := channel(path)
	switch {
	case !documented:
		return nil
	case name == "":
		return v.document.Envelope(asyncapi.Receive, message)
	}
	return v.document.Payload(name, asyncapi.Receive, message)
}
