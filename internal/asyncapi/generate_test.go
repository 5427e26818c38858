package asyncapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/asyncapi"
)

var update = flag.Bool("update", false, "write the golden file instead of comparing")

// Animal is a tagged union: Cat or Dog.
type Animal interface{ animal() }

// Cat is a cat.
type Cat struct {
	Type  string `json:"type"`
	Lives uint8  `json:"lives"` // at most nine
}

// Dog is a dog.
type Dog struct {
	Type string `json:"type"`
	Name string `json:"name,omitempty"`
}

func (Cat) animal() {}
func (Dog) animal() {}

// Named is embedded.
type Named struct {
	Name string `json:"name"` // for people
}

// Zoo has a field of each kind.
//
// The second paragraph
// goes over two lines.
type Zoo struct {
	Named
	ID       string              `json:"id" format:"uuid"`
	Colour   string              `json:"colour" enum:"red,green"` // of the gate, one of the Colour constants
	Opened   time.Time           `json:"opened"`
	Closed   time.Time           `json:"closed,omitzero"`
	Keeper   *string             `json:"keeper"` // null when there is none
	Area     *float64            `json:"area,omitempty"`
	Animals  []Animal            `json:"animals" nullable:"true"`
	Parts    map[string]Zoo      `json:"parts"`
	Shelf    [2]int16            `json:"shelf"`
	Extra    any                 `json:"extra,omitempty"`
	Raw      json.RawMessage     `json:"raw,omitempty"`
	Sub      *Cat                `json:"sub"`
	Visitors map[string][]uint64 `json:"visitors,omitempty"`
	Secret   string              `json:"-"`
	Bytes    []byte              `json:"bytes"`
	Best     Cat                 `json:"best"` // of all
	Plain    struct{ A int }     // has no tag
	hidden   int                 //nolint:unused // a field that no document may show
}

// Ticket are parameters.
type Ticket struct {
	// Seats is how many seats are wanted.
	Seats uint16 `json:"seats" default:"2" minimum:"1" maximum:"9"`
	Row   string `json:"row" default:"a"`
	Quiet bool   `json:"quiet" default:"true"`
}

// Own has a JSON form that its fields do not tell.
type Own struct{ A int }

// MarshalText makes it a string.
func (Own) MarshalText() ([]byte, error) { return nil, nil }

// Loose is described only.
type Loose struct {
	Value int `json:"value"`
}

func zoo() asyncapi.Document {
	return asyncapi.Document{
		Info:   asyncapi.Info{Title: "Zoo", Version: "1", Tags: []asyncapi.Tag{{Name: "animals"}}},
		Server: asyncapi.Server{Name: "main", Host: "localhost", Protocol: "ws"},
		Channels: []asyncapi.Channel{{
			Name: "zoo", Address: "/zoo/{id}", Operation: "zoo", Summary: "A zoo", Tags: []string{"animals"},
			Parameters: []asyncapi.Parameter{{Name: "id", Type: asyncapi.String("uuid", "", "")}},
			Requests:   []asyncapi.Message{{Name: "buy", Payload: asyncapi.Params[Ticket]()}},
			Replies: []asyncapi.Message{
				{Name: "zoo", Summary: "The zoo", Description: "Whole & open.", Payload: asyncapi.Of[Zoo]()},
				{Name: "news", Payload: asyncapi.Object(
					asyncapi.Field{Name: "type", Type: asyncapi.String("", "news", "")},
					asyncapi.Field{Name: "data", Type: asyncapi.Of[Animal](), Optional: true},
					asyncapi.Field{Name: "any"},
				)},
			},
		}},
		Extension: &asyncapi.Extension{Key: "x-more", Description: "More.", Channels: []asyncapi.Channel{{
			Name: "loose", Operation: "loose", Replies: []asyncapi.Message{{Name: "loose", Payload: asyncapi.Of[Loose]()}},
		}}},
		Unions:  []asyncapi.UnionType{asyncapi.Union[Animal](Cat{Type: "cat"}, Dog{Type: "dog"})},
		Open:    []any{Loose{}},
		Formats: map[string]string{"uuid": "Uuid"},
	}
}

func TestGenerateGolden(t *testing.T) {
	comments := readComments(t)
	got, err := asyncapi.Generate(zoo(), comments)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/zoo.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/zoo.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("testdata/zoo.json is not what was written:\n%s", got)
	}
	for range 20 {
		if again, err := asyncapi.Generate(zoo(), comments); err != nil || !bytes.Equal(got, again) {
			t.Fatalf("a second document differs from the first (%v)", err)
		}
	}
}

// readComments reads those of this file, which has to have another name for
// that, because the source of tests is left out.
func readComments(t *testing.T) *asyncapi.Comments {
	t.Helper()
	source, err := os.ReadFile("generate_test.go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "zoo.go"), source, 0o600); err != nil {
		t.Fatal(err)
	}
	comments, err := asyncapi.ReadComments(map[string]string{dir: "github.com/heliograph/heliograph/internal/asyncapi_test"})
	if err != nil {
		t.Fatal(err)
	}
	return comments
}

func TestReadCommentsRefuses(t *testing.T) {
	empty, broken := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "a.go"), []byte("package"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{empty, broken, filepath.Join(empty, "none")} {
		if _, err := asyncapi.ReadComments(map[string]string{dir: "a"}); err == nil {
			t.Errorf("%s was taken", dir)
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	type Zoo struct{} // another type of the same name
	message := func(name string, payload asyncapi.Type) asyncapi.Channel {
		return asyncapi.Channel{Name: name, Replies: []asyncapi.Message{{Name: "m", Payload: payload}}}
	}
	for _, test := range []struct {
		name   string
		change func(*asyncapi.Document)
		want   string
	}{
		{"a channel twice", func(d *asyncapi.Document) { d.Channels = append(d.Channels, d.Channels[0]) }, "channel zoo is described twice"},
		{"a message twice", func(d *asyncapi.Document) {
			d.Channels[0].Replies = append(d.Channels[0].Replies, d.Channels[0].Requests...)
		}, "message buy is described twice"},
		{"a name twice", func(d *asyncapi.Document) { d.Channels = append(d.Channels, message("b", asyncapi.Of[Zoo]())) }, "another component is called Zoo"},
		{"the name of a format", func(d *asyncapi.Document) { d.Formats["uuid"] = "Cat" }, "another component is called Cat"},
		{"an interface", func(d *asyncapi.Document) { d.Unions = nil }, "an interface that is not among the unions"},
		{"a channel type", func(d *asyncapi.Document) {
			d.Channels = append(d.Channels, message("b", asyncapi.Of[struct{ A chan int }]()))
		}, "A: chan int: no schema"},
		{"a type with its own JSON", func(d *asyncapi.Document) {
			d.Channels = append(d.Channels, message("b", asyncapi.Of[Own]()))
		}, "it makes its own JSON"},
		{"a member fixed twice", func(d *asyncapi.Document) {
			d.Unions = append(d.Unions, asyncapi.Union[Animal](Cat{Type: "lion"}))
		}, "fixed to different values"},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc := zoo()
			test.change(&doc)
			if _, err := asyncapi.Generate(doc, nil); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}
