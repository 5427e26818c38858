package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

const otaID = "1f6f6f4e-58b8-4a12-9f0a-7d6f0c2a9911"

// fakeUpdater is a server that tells the states of one update when it is asked to
// do something.
type fakeUpdater struct {
	*fakehelios.Server
	tell  chan string
	mu    sync.Mutex
	asked []string // paths with bodies
}

func newFakeUpdater(t *testing.T) *fakeUpdater {
	f := &fakeUpdater{Server: fakehelios.New(t), tell: make(chan string, 16)}
	f.Socket("/v1/ws/ota", func(c *fakehelios.Conn) {
		c.Send(`{"type":"snapshot","state":{"update_id":"00000000-0000-4000-8000-000000000000","stage":"complete"},"cache_usage_bytes":0}`)
		for {
			select {
			case text := <-f.tell:
				c.Send(text)
			case <-c.Ctx.Done():
				return
			}
		}
	})
	return f
}

func stateMessage(stage, reason string) string {
	return `{"type":"snapshot","state":{"update_id":"` + otaID + `","stage":"` + stage + `","last_error":"` + reason + `"},"cache_usage_bytes":0}`
}

// on answers a request, and tells what then happens.
func (f *fakeUpdater) on(path string, status int, answer string, then ...string) {
	f.HTTP("POST /v1/ota/"+path, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		f.asked = append(f.asked, path+" "+string(body))
		f.mu.Unlock()
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
		for _, text := range then {
			f.tell <- text
		}
	})
}

func (f *fakeUpdater) body(t *testing.T, path string) map[string]any {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, asked := range f.asked {
		if text, ok := strings.CutPrefix(asked, path+" "); ok {
			var body map[string]any
			if err := json.Unmarshal([]byte(text), &body); err != nil {
				t.Fatal(err)
			}
			return body
		}
	}
	return nil
}

const (
	otaAnswer = `{"update_id":"` + otaID + `","message":"ok"}`
	otaReady  = `{"update_id":"` + otaID + `","ready":true,"report":{"summary":"fits","verdict":"ready"}}`
)

func TestOTAApplyUntilComplete(t *testing.T) {
	f := newFakeUpdater(t)
	f.on("stage", 200, otaAnswer, stateMessage("downloading", ""), stateMessage("awaiting_window", ""))
	f.on("preflight", 200, otaReady)
	f.on("apply", 200, otaAnswer, stateMessage("applying", ""), `{"type":"stage_progress","update_id":"`+otaID+`","percent":7,"detail":"copying"}`,
		stateMessage("complete", ""))
	r := run(t, f.Server, "ota", "apply", "file:///x", "--yes", "--wait", "--keep")
	r.want(t, ExitOK)
	if !strings.Contains(r.out, "7 % copying\n") || !strings.HasSuffix(r.out, otaID+" is complete\n") || strings.Contains(r.out, "00000000") {
		t.Errorf("got %q", r.out)
	}
	if b := f.body(t, "stage"); b["image_url"] != "file:///x" || b["delete_image_after_apply"] != false {
		t.Errorf("staged %v", b)
	}
	if b := f.body(t, "apply"); b["update_id"] != otaID || b["image_url"] != nil || b["requested_by"] != "heliograph ota" {
		t.Errorf("applied %v", b)
	}
}

func TestOTAApplyTellsTheReason(t *testing.T) {
	f := newFakeUpdater(t)
	f.on("stage", 200, otaAnswer, stateMessage("verifying", ""), stateMessage("rolled_back", "bad signature"))
	run(t, f.Server, "ota", "apply", "file:///x", "--yes").want(t, ExitFailure, "rolled back: bad signature")
	if f.body(t, "apply") != nil {
		t.Error("applied what was rolled back")
	}
}

func TestOTAApplyNotReady(t *testing.T) {
	f := newFakeUpdater(t)
	f.on("preflight", 200, `{"update_id":"`+otaID+`","ready":false,"report":{"summary":"the slot is too small","verdict":"target_too_small"}}`)
	run(t, f.Server, "ota", "apply", otaID, "--yes").want(t, ExitFailure, "the slot is too small (target_too_small); it stays staged")
	if f.body(t, "apply") != nil {
		t.Error("applied what is not ready")
	}
}

// TestOTAApplyWithoutStage has a server that stages as part of apply only, 7.10.
func TestOTAApplyWithoutStage(t *testing.T) {
	f := newFakeUpdater(t)
	f.on("stage", 410, `{"code":"bad_request","error":"gone"}`)
	f.on("apply", 200, otaAnswer, stateMessage("applying", ""), stateMessage("complete", ""))
	run(t, f.Server, "ota", "apply", "file:///x", "--yes", "--wait").want(t, ExitOK)
	if b := f.body(t, "apply"); b["image_url"] != "file:///x" {
		t.Errorf("applied %v", b)
	}
}

func TestOTAApplyOfAnother(t *testing.T) {
	f := newFakeUpdater(t)
	f.on("preflight", 200, otaReady)
	f.on("apply", 200, otaAnswer, stateMessage("applying", ""),
		`{"type":"snapshot","state":{"update_id":"00000000-0000-4000-8000-000000000001","stage":"downloading"},"cache_usage_bytes":0}`)
	run(t, f.Server, "ota", "apply", otaID, "--yes", "--wait").want(t, ExitFailure, "has taken the place")
}

func TestOTAApplyAsks(t *testing.T) {
	f := newFakeUpdater(t)
	run(t, f.Server, "ota", "apply", otaID).want(t, ExitUsage, "give --yes")
	run(t, f.Server, "ota", "apply", otaID, "--yes", "--timeout", "-1s").want(t, ExitUsage, "negative")
	run(t, f.Server, "ota", "apply", "/nonexistent", "--yes").want(t, ExitUsage, "no such file")
	for answer, want := range map[string]bool{"y\n": true, "YES\n": true, "n\n": false, "\n": false, "": false, "yep\n": false} {
		a := applier{s: &shared{streams: Streams{In: strings.NewReader(answer), Err: io.Discard}}}
		if err := a.confirm("It fits"); (err == nil) != want {
			t.Errorf("%q: %v", answer, err)
		}
	}
}

func TestOTAApplyGivesUpWaiting(t *testing.T) {
	f := newFakeUpdater(t)
	f.on("preflight", 200, otaReady)
	f.on("apply", 200, otaAnswer, stateMessage("applying", ""))
	run(t, f.Server, "ota", "apply", otaID, "--yes", "--wait", "--timeout", "300ms").want(t, ExitFailure, "not done after 300ms; what has begun goes on")
}

func TestOTAUploadIsCompared(t *testing.T) {
	f := newFakeUpdater(t)
	path := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(path, []byte("a system"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.on("upload", 201, `{"filename":"image","size_bytes":8,"sha256":"00","image_url":"file:///x","version":null,"build_id":null}`)
	r := run(t, f.Server, "ota", "upload", path)
	r.want(t, ExitFailure, "corrupted on its way")
	if r.out != "" {
		t.Errorf("a URL is printed: %q", r.out)
	}
	run(t, f.Server, "ota", "upload", filepath.Dir(path)).want(t, ExitUsage, "is no file")
}

func TestOTAStatus(t *testing.T) {
	f := newFakeUpdater(t)
	const answer = `{"state":{"update_id":"` + otaID + `","stage":"rolled_back","progress_percent":null,"started_at":"2031-02-27T13:46:40Z",` +
		`"finished_at":null,"last_error":"bad \u001b[2J","artifacts":[{"url":"file:///x","size_bytes":734003200}]},"cache_usage_bytes":5,` +
		`"storage":{"uploads":{"path":"/u","usage_bytes":1,"quota_bytes":2048,"available_bytes":3,"remaining_bytes":4},"future":1}}`
	f.HTTP("GET /v1/ota/state", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
	r := run(t, f.Server, "ota", "status")
	r.want(t, ExitOK)
	for _, part := range []string{otaID, "rolled back", "bad �[2J", "700.0 MiB", "1 B of 2.0 KiB"} {
		if !strings.Contains(r.out, part) {
			t.Errorf("%q lacks %q", r.out, part)
		}
	}
	if r := run(t, f.Server, "ota", "status", "--json"); r.out != answer+"\n" {
		t.Errorf("got %q", r.out)
	}
}
