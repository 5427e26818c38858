package recorder

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newTest returns a recorder that is closed at the end of the test.
func newTest(t testing.TB, opts Options) *Recorder {
	t.Helper()
	r := New(opts)
	t.Cleanup(r.Close)
	return r
}

// take reads n live items of a stream.
func take[T any](t *testing.T, s *Stream[T], n int) []T {
	t.Helper()
	var got []T
	for range n {
		item, err := s.Next(t.Context())
		if err != nil {
			t.Fatalf("after %d items: %v", len(got), err)
		}
		got = append(got, item.Event.Value)
	}
	return got
}
