package cli

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
)

func runAttachLine(ctx context.Context, list ...string) result {
	var out, errs buffer
	info, streams := BuildInfo{Version: "1.2.3"}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}
	code := Execute(ctx, New(info, Deps{}, streams, NewAttach(info, streams)), append([]string{"attach"}, list...))
	return result{code, out.String(), errs.String()}
}

func TestAttachUsage(t *testing.T) {
	const here = "http://127.0.0.1:9222"
	for _, test := range []struct{ args, want string }{
		{"", "--cdp is missing"},
		{"--cdp 127.0.0.1:9222", "is not like http://127.0.0.1:9222"},
		{"--cdp ftp://127.0.0.1/", "is not like"},
		{"--cdp http://192.0.2.1:9222", "192.0.2.1 is not this machine"},
		{"--cdp http://localhost.example:9222", "is not this machine"},
		{"--cdp " + here + " --compat old", `"old" is not mirror`},
		{"--cdp " + here + " --body-limit -1", "below 0"},
		{"--cdp " + here + " --log-level loud", "none of debug"},
		{"--cdp " + here + " extra", "unknown command"},
	} {
		runAttachLine(t.Context(), strings.Fields(test.args)...).want(t, 2, test.want)
	}
}

// TestAttachWaits starts before the browser does, and ends when it is told to.
func TestAttachWaits(t *testing.T) {
	nobody := httptest.NewServer(nil)
	nobody.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs buffer
	info, streams := BuildInfo{}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}
	ended := make(chan int)
	go func() {
		ended <- Execute(ctx, New(info, Deps{}, streams, NewAttach(info, streams)),
			[]string{"attach", "--cdp", nobody.URL, "--listen", "127.0.0.1:0", "--reveal"})
	}()
	until(t, "the address and the warnings", func() bool {
		return strings.HasPrefix(out.String(), "listening on http://127.0.0.1:") && strings.Contains(errs.String(), "cannot look into the browser") &&
			strings.Contains(errs.String(), "secrets are shown")
	})
	cancel()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}
