package devflow

import (
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

func TestNetworkArchive(t *testing.T) {
	a := newAgent(t, recorder.Options{}, Deps{})
	now := time.Now()
	for i, name := range []string{"second", "first", "other"} {
		a.rec.Network.Record(recorder.Exchange{
			Summary: recorder.Summary{
				Method: "GET", URL: "https://" + name + ".test/x", Status: 200, Start: now.Add([]time.Duration{time.Second, 0, 2 * time.Second}[i]), ResponseType: "text/plain",
			},
			Detail: recorder.Detail{ResponseBody: recorder.Body{Data: []byte("body of " + name)}},
		})
	}
	var har struct {
		Log struct {
			Version string
			Entries []struct {
				Request  struct{ URL string }
				Response struct{ Content struct{ Text string } }
			}
		}
	}
	for query, want := range map[string][]string{"": {"first", "second", "other"}, "?host=SEC&method=get": {"second"}, "?method=POST": {}} {
		a.do("GET", "/api/v1/network/requests.har"+query, "").ok().into(&har)
		if har.Log.Version != "1.2" {
			t.Fatalf("%s: version %q", query, har.Log.Version)
		}
		if len(har.Log.Entries) != len(want) {
			t.Fatalf("%s: %d entries", query, len(har.Log.Entries))
		}
		for i, name := range want {
			if x := har.Log.Entries[i]; x.Request.URL != "https://"+name+".test/x" || x.Response.Content.Text != "body of "+name {
				t.Errorf("%s: entry %d is %+v", query, i, x)
			}
		}
	}
}
