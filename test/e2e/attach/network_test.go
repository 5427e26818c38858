package attach

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// exchanges returns what a stream of the network has told, without its replay, of
// the addresses that contain part.
func exchanges(s *stream, part string) []wire.NetworkRequestSummary {
	var list []wire.NetworkRequestSummary
	for _, data := range s.all() {
		var m wire.NetworkRequest
		if json.Unmarshal(data, &m) == nil && m.Type == "request" && strings.Contains(m.Data.Entry.URL, part) {
			list = append(list, m.Data.Entry)
		}
	}
	return list
}

// detail asks for an exchange.
func (a *agent) detail(id string) (d wire.NetworkRequestDetail) {
	a.t.Helper()
	a.ask("GET", "/api/v1/network/requests/"+id, &d)
	return d
}

// decoded returns a body that was shown.
func decoded(t *testing.T, text, encoding string) []byte {
	t.Helper()
	if encoding != wire.EncodingBase64 {
		return []byte(text)
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// shown is an exchange as the agent shows it, in the form of what the server saw.
func (a *agent) shown(s *site, x wire.NetworkRequestSummary) sight {
	a.t.Helper()
	d := a.detail(x.ID)
	v := sight{
		method: x.Method, uri: strings.TrimPrefix(x.URL, s.URL), status: x.StatusCode, contentType: x.ResponseContentType,
		sentSum: sum(decoded(a.t, d.ResponseBody, d.ResponseBodyEncoding)), gotSum: sum(decoded(a.t, d.RequestBody, d.RequestBodyEncoding)),
	}
	v.got, v.sent = -1, -1
	if x.RequestSize != nil {
		v.got = *x.RequestSize
	}
	if x.ResponseSize != nil {
		v.sent = *x.ResponseSize
	}
	return v
}

// load sends requests from the page: count of them, numbered from first, of all
// methods, sizes, kinds and statuses, some at the same time.
const load = `async (first, count) => {
  const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'GET', 'HEAD'];
  const statuses = [200, 201, 404, 500, 200, 204];
  let next = first;
  const worker = async () => {
    while (next < first + count) {
      const n = next++;
      const method = methods[n % methods.length];
      const options = { method };
      if (method === 'POST' || method === 'PUT' || method === 'PATCH') {
        options.body = n % 2 ? JSON.stringify({ n, text: 'ö'.repeat(n % 300) }) : new Uint8Array(n % 2000 + 1).fill(n & 255);
      }
      const kind = n % 3 ? 'json' : 'bytes';
      const r = await fetch('/api/items/' + n + '?n=' + n + '&size=' + (n * 37 % 20000) + '&type=' + kind + '&status=' + statuses[n % statuses.length], options);
      await r.arrayBuffer();
    }
  };
  await Promise.all([1, 2, 3, 4, 5, 6].map(worker));
}`

// TestOneForOne is the promise: each of 1,000 requests is shown once, as the server
// saw it.
func TestOneForOne(t *testing.T) {
	s, b := newSite(t), startBrowser(t, 0)
	x := b.first()
	x.visit(s.put("/", "<!doctype html><title>Load</title>"))
	a := attachTo(t, b)
	requests := a.dial("/ws/v1/network")
	const batch, total = 250, 1000 // the agent keeps 500
	var shown []sight
	for first := 0; first < total; first += batch {
		x.eval(fmt.Sprintf("(%s)(%d, %d)", load, first, batch))
		device.Poll(t, "all requests", func() bool { return len(exchanges(requests, "/api/items/")) >= first+batch })
		for _, e := range exchanges(requests, "/api/items/")[first:] {
			shown = append(shown, a.shown(s, e))
		}
	}
	saw := slices.Clone(s.sights())
	for i := range saw { // there is nothing to be a type of
		if saw[i].method == "HEAD" || saw[i].status == 204 {
			saw[i].sent, saw[i].sentSum = 0, sum(nil)
		}
	}
	byURI := func(a, b sight) int { return strings.Compare(a.uri, b.uri) }
	slices.SortFunc(saw, byURI)
	slices.SortFunc(shown, byURI)
	if len(saw) != total || len(shown) != total {
		t.Fatalf("the server saw %d, the agent shows %d", len(saw), len(shown))
	}
	wrong := 0
	for i := range saw {
		if saw[i] != shown[i] && wrong < 10 {
			wrong++
			t.Errorf("\nthe server saw   %+v\nthe agent shows  %+v", saw[i], shown[i])
		}
	}
}
