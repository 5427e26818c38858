package helios

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/api"
	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/asyncapi/heliosdoc"
)

// TestTableIsTheDocument compares the channels that are served with those that
// are described.
func TestTableIsTheDocument(t *testing.T) {
	var served, described []string
	for _, ch := range new(API).table() {
		if ch.Published {
			served = append(served, ch.Name)
		}
	}
	for _, ch := range heliosdoc.Channels() {
		described = append(described, ch.Name)
	}
	slices.Sort(served)
	slices.Sort(described)
	if !slices.Equal(served, described) {
		t.Errorf("served are %v, described are %v", served, described)
	}
}

// property is one parameter as the document describes it.
type property struct {
	Type             string
	Default          any
	Minimum, Maximum *float64
}

// TestParametersAreTheDocument compares the parameters that the channels take
// with the described payloads of their requests.
func TestParametersAreTheDocument(t *testing.T) {
	var doc struct {
		Components struct {
			Schemas map[string]struct{ Properties map[string]property }
		}
	}
	if err := json.Unmarshal(api.Helios("", false), &doc); err != nil {
		t.Fatal(err)
	}
	for _, ch := range new(API).table() {
		kind := reflect.TypeOf(ch.Params()).Elem()
		if !ch.Published || kind == reflect.TypeFor[wire.NoParams]() || kind == reflect.TypeFor[wire.ConsoleParams]() {
			continue // the console's payload is a union of its own
		}
		described := doc.Components.Schemas[kind.Name()].Properties
		if len(described) != kind.NumField() {
			t.Errorf("%s: described are %v", ch.Name, described)
		}
		for i := range kind.NumField() {
			field := kind.Field(i)
			compareParameter(t, ch.Name, field, described[field.Tag.Get("json")])
		}
	}
}

func compareParameter(t *testing.T, channel string, field reflect.StructField, got property) {
	t.Helper()
	text := func(v any) string {
		if v == nil {
			return ""
		}
		return strings.Trim(mustJSON(t, v), `"`)
	}
	bound := func(p *float64) string {
		if p == nil {
			return ""
		}
		return strconv.FormatFloat(*p, 'f', -1, 64)
	}
	if got.Type == "" || text(got.Default) != field.Tag.Get("default") {
		t.Errorf("%s: %s is described as %+v, its default is %q", channel, field.Name, got, field.Tag.Get("default"))
	}
	if field.Type.Kind() == reflect.Uint64 && (bound(got.Minimum) != field.Tag.Get("minimum") || bound(got.Maximum) != field.Tag.Get("maximum")) {
		t.Errorf("%s: the range of %s is described as %s..%s", channel, field.Name, bound(got.Minimum), bound(got.Maximum))
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestEveryChannelHasItsRoute finds out that no two rows take the same address.
func TestEveryChannelHasItsRoute(t *testing.T) {
	mux := http.NewServeMux()
	a := new(API)
	a.channels = a.table()
	a.Register(mux)
	for _, ch := range a.channels {
		path := "/v1/ws/" + ch.Path
		r := httptest.NewRequest(http.MethodGet, strings.ReplaceAll(path, streamID, "x"), nil)
		if _, pattern := mux.Handler(r); pattern != path {
			t.Errorf("%s: %s goes to %q", ch.Name, path, pattern)
		}
	}
}
