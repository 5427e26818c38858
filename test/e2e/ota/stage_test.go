package ota

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// 7.10: stage answers with the update's id; what is wrong with the request is 400,
// and nothing begins.
func TestStage(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	up := uploaded(t, b.Device, bundle{version: "1"}.make(t))
	outside := filepath.Join(b.dir, "outside")
	writeFile(t, outside, bundle{version: "1"}.make(t))
	if err := os.Symlink(outside, filepath.Join(b.StateDir, "ota/uploads/link")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what string
		body object
		text string
	}{
		{"no image", object{}, "image_url"},
		{"a file elsewhere", object{"image_url": "file://" + outside}, "image_url"},
		{"a link to elsewhere", object{"image_url": strings.TrimSuffix(up.ImageURL, up.Filename) + "link"}, "image_url"},
		{"a way out", object{"image_url": strings.TrimSuffix(up.ImageURL, up.Filename) + "../state"}, "image_url"},
		{"another scheme", object{"image_url": "http://127.0.0.1/image.bin"}, "image_url"},
		{"a missing file", object{"image_url": up.ImageURL + "x"}, "no such image"},
		{"another size", object{"image_url": up.ImageURL, "size_bytes": 5}, "size mismatch"},
		{"no checksum", object{"image_url": up.ImageURL, "checksum": "abc"}, "checksum"},
		{"another kind", object{"image_url": up.ImageURL, "artifact_kind": "frontend_bundle"}, "frontend_bundle"},
	} {
		refused(t, test.what, b.Post("/v1/ota/stage", encode(t, test.body)), http.StatusBadRequest, test.text)
	}
	refused(t, "no JSON", b.Post("/v1/ota/stage", "{"), http.StatusBadRequest, "JSON")
	if st := state(t, b.Device); st.State != nil || st.CacheUsageBytes != 0 {
		t.Errorf("something has begun: %+v", st.State)
	}

	// All that can be given, and right.
	r := b.Post("/v1/ota/stage", encode(t, object{
		"image_url": up.ImageURL, "artifact_kind": "disk_image", "size_bytes": up.SizeBytes,
		"checksum": "sha256:" + up.SHA256, "delete_image_after_apply": false,
	}))
	members(t, "the answer", r.Body, "update_id", "message")
	id := read[wire.OtaAnswer](t, r, http.StatusOK).UpdateID
	until(t, b.Device, wire.StageAwaitingWindow)
	// One at a time.
	refused(t, "a second one", b.Post("/v1/ota/stage", encode(t, object{"image_url": up.ImageURL})), http.StatusServiceUnavailable, id)
	refused(t, "a second one", b.Post("/v1/ota/apply", encode(t, object{"image_url": up.ImageURL})), http.StatusServiceUnavailable, id)
}

// 3.9: what is wrong with the image leads to rolled_back with the reason, and
// neither slot nor boot state is touched.
func TestBadImages(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	good := bundle{version: "1"}.make(t)
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)-1] ^= 1
	before := bootFiles(t, b)
	s := watch(t, b.Device)
	for _, test := range []struct {
		what string
		data []byte
		body object
		told string
		text string
	}{
		{"somebody else's signature", bundle{version: "1", signer: 8}.make(t), nil, "downloading verifying", "signature verification failed"},
		{"for another device", bundle{version: "1", compatible: "toaster"}.make(t), nil, "downloading verifying", `it is for "toaster"`},
		{"cut off", good[:len(good)-1], nil, "downloading verifying", "it holds"},
		{"cut off in its head", good[:50], nil, "downloading verifying", "ends too early"},
		{"a changed byte", flipped, nil, "downloading verifying", "SHA-256"},
		{"no bundle", []byte("MZ something else"), nil, "downloading verifying", "not a bundle"},
		{"another checksum", good, object{"checksum": sumOf(nil)}, "downloading", "checksum mismatch"},
	} {
		body := object{"image_url": uploaded(t, b.Device, test.data).ImageURL}
		for k, v := range test.body {
			body[k] = v
		}
		// 7.10: applying such an image is refused.
		refused(t, test.what, b.Post("/v1/ota/apply", encode(t, body)), http.StatusBadRequest, test.text)
		gone := s.until(wire.StageRolledBack)
		s.wantTold(test.told + " rollback_triggered rolled_back")
		if !strings.Contains(gone.LastError, test.text) || s.reason != gone.LastError {
			t.Errorf("%s: %+v, reason %q", test.what, gone, s.reason)
		}
		if st := state(t, b.Device); st.CacheUsageBytes != 0 || st.Storage.Cache.UsageBytes != 0 {
			t.Errorf("%s: %d bytes are left in the cache", test.what, st.CacheUsageBytes)
		}
	}
	if after := bootFiles(t, b); after != before || b.holds("b") != sumOf(nil) {
		t.Error("a slot or the boot state was touched")
	}
}

func bootFiles(t *testing.T, b *board) string {
	t.Helper()
	var all string
	for _, name := range []string{"boot", "boot.bak"} {
		data, err := os.ReadFile(filepath.Join(b.bootDir(), name))
		if err != nil {
			t.Fatal(err)
		}
		all += string(data)
	}
	return all
}

// 7.10: preflight of a staged update, and of an image that is not staged.
func TestPreflight(t *testing.T) {
	t.Parallel()
	b := newBoard(t, setup{})
	up := uploaded(t, b.Device, bundle{version: "1"}.make(t))
	bad := uploaded(t, b.Device, bundle{version: "1", compatible: "toaster"}.make(t))
	ask := func(body object) wire.OtaPreflight {
		r := b.Post("/v1/ota/preflight", encode(t, body))
		object := members(t, "the answer", r.Body, "update_id", "ready", "transient", "report")
		var report map[string]json.RawMessage
		if err := json.Unmarshal(object["report"], &report); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"update_id", "ready", "summary", "single_slot", "verdict"} {
			if report[name] == nil {
				t.Errorf("the report lacks %s: %s", name, r.Body)
			}
		}
		return read[wire.OtaPreflight](t, r, http.StatusOK)
	}
	p := ask(object{"image_url": up.ImageURL})
	if !p.Ready || !p.Transient || p.Report.Verdict != "ready" || !p.Report.Ready || p.Report.SingleSlot || p.Report.TargetDevice != b.slotPath("b") ||
		*p.Report.ImageSizeBytes != imageBytes || *p.Report.TargetSizeBytes < imageBytes || p.Report.ArtifactKind != "disk_image" {
		t.Errorf("a good image: %+v", p)
	}
	for what, body := range map[string]object{
		"a bad image":  {"image_url": bad.ImageURL},
		"a wrong size": {"image_url": up.ImageURL, "size_bytes": 1},
		"a wrong kind": {"image_url": up.ImageURL, "artifact_kind": "service_bundle"},
	} {
		if p = ask(body); p.Ready || p.Report.Ready || p.Report.Verdict != "invalid_artifact" || p.Report.Summary == "" {
			t.Errorf("%s: %+v", what, p)
		}
	}
	if state(t, b.Device).State != nil {
		t.Error("a preflight has begun an update")
	}
	id := stage(t, b.Device, up.ImageURL)
	until(t, b.Device, wire.StageAwaitingWindow)
	if p = ask(object{"update_id": id}); !p.Ready || p.Transient || p.UpdateID != id || p.Report.UpdateID != id {
		t.Errorf("a staged update: %+v", p)
	}
	exactlyOne(t, b.Device, "preflight", id, up.ImageURL)
}

// exactlyOne checks what names an update, 7.10.
func exactlyOne(t *testing.T, d *device.Device, path, id, url string) {
	t.Helper()
	for _, test := range []struct {
		what string
		body object
		text string
	}{
		{"both", object{"update_id": id, "image_url": url}, "exactly one"},
		{"neither", object{}, "exactly one"},
		{"no id", object{"update_id": "x"}, "invalid update_id"},
		{"another id", object{"update_id": someID}, "invalid update_id"},
		{"a number", object{"update_id": 5}, "JSON"},
	} {
		refused(t, path+" with "+test.what, d.Post("/v1/ota/"+path, encode(t, test.body)), http.StatusBadRequest, test.text)
	}
}
