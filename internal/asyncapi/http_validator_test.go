package asyncapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/asyncapi"
)

// Keeper is embedded by a pointer: its fields are there together or not at all.
type Keeper struct {
	Boss string `json:"boss"`
}

// Cage has the tags that only some documents need.
type Cage struct {
	*Keeper
	Type string  `json:"type" const:"cage"`
	Next *string `json:"next" optional:"true"` // null when it is the last
}

func httpDocument(t *testing.T) []byte {
	t.Helper()
	body := asyncapi.Of[Cat]()
	made, err := asyncapi.GenerateHTTP(asyncapi.HTTPDocument{
		Info: asyncapi.Info{Title: "Zoo", Version: "1"}, URL: "http://zoo.test", Failure: asyncapi.Of[Dog](),
		Operations: []asyncapi.HTTPOperation{
			{ID: "get", Method: "GET", Path: "/cages/{id}", Answer: asyncapi.Of[Cage](), Query: Named{}, Fails: []int{404, 404}},
			{ID: "put", Method: "PUT", Path: "/cages/{id}", Answer: asyncapi.Of[Cage](), Body: &body},
			{ID: "all", Method: "GET", Path: "/cages/all", Answer: asyncapi.OfValue([]Cage{})},
		},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestHTTPValidator(t *testing.T) {
	v, err := asyncapi.NewHTTPValidator(httpDocument(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		method, path string
		status       int
		body, want   string // want is empty if the body is right
	}{
		{"GET", "/cages/7", 200, `{"type":"cage","next":null}`, ""},
		{"GET", "/cages/7/", 200, `{"type":"cage","next":"8","boss":"x"}`, ""},
		{"GET", "/cages/7", 200, `{"type":"cage"}`, ""},
		{"GET", "/cages/7", 200, `{"type":"box"}`, "/type"},
		{"GET", "/cages/7", 200, `{"type":"cage","more":1}`, "more"},
		{"GET", "/cages/7", 200, `{"type":"cage","next":7}`, "/next"},
		{"GET", "/cages/7", 200, `{`, "unexpected"},
		{"GET", "/cages/7", 404, `{"type":"dog"}`, ""},
		{"GET", "/cages/all", 200, `[]`, ""},
		{"GET", "/cages/all", 200, `{"type":"cage"}`, "array"},
	} {
		err := v.Answer(test.method, test.path, test.status, []byte(test.body))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(strings.ToLower(err.Error()), test.want) {
			t.Errorf("%s %d %s: %v", test.path, test.status, test.body, err)
		}
	}
	for _, test := range [][2]string{{"DELETE", "/cages/7"}, {"GET", "/dogs"}} {
		if err := v.Answer(test[0], test[1], 200, []byte("{}")); !errors.Is(err, asyncapi.ErrUnknownChannel) {
			t.Errorf("%v: %v", test, err)
		}
	}
	if err := v.Answer("GET", "/cages/7", 500, []byte("{}")); !errors.Is(err, asyncapi.ErrUnknownChannel) {
		t.Errorf("unknown status: %v", err)
	}
	for _, doc := range []string{"", "[]"} {
		if _, err := asyncapi.NewHTTPValidator([]byte(doc)); err == nil {
			t.Errorf("%q is a document", doc)
		}
	}
}

func TestHTTPDocumentListsParameters(t *testing.T) {
	made := string(httpDocument(t))
	for _, part := range []string{`"in": "path"`, `"name": "name"`, `"in": "query"`, `"requestBody"`, `"const": "cage"`, `"openapi": "3.1.0"`} {
		if !strings.Contains(made, part) {
			t.Errorf("the document lacks %s", part)
		}
	}
}
