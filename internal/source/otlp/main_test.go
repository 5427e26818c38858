package otlp

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The default transport keeps connections for a while.
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("internal/poll.runtime_pollWait"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}
