package logline_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func lineTopic(source topic.Source[logline.Line]) *topic.Topic[logline.Line] {
	return topic.New(topic.Options[logline.Line]{
		Name:         "lines",
		HistoryItems: logline.HistoryItems,
		HistoryBytes: logline.HistoryBytes,
		Size:         logline.Size,
		Source:       source,
	})
}

// A feed keeps the newest lines of the past, never waits before it is ready
// although nobody reads, and never outruns the reader afterwards: not with
// empty lines, and not with the longest ones.
func TestFeedLosesNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ width, lines int }{{0, 300_000}, {100, 200_000}, {logline.MaxText, 1_000}} {
		t.Run(fmt.Sprint(c.width), func(t *testing.T) {
			t.Parallel()
			testFeed(t, c.width, c.lines)
		})
	}
}

func testFeed(t *testing.T, width, lines int) {
	text := string(make([]byte, width))
	tp := lineTopic(func(ctx context.Context, out *topic.Publisher[logline.Line]) error {
		feed := logline.NewFeed(out)
		for i := range logline.StartLines + 500 + lines {
			if i == logline.StartLines+500 {
				feed.Ready()
				feed.Ready()
			}
			if err := feed.Add(ctx, logline.Line{Text: text, Priority: i}); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return nil
	})
	defer tp.Close()
	sub, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless})
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	sub.Rewind(-1) // the start may have been more than the history holds
	want := -1
	for {
		item, err := sub.Next(t.Context())
		if err != nil {
			t.Fatalf("after line %d: %v", want, err)
		}
		got := item.Event.Value.Priority
		if want == -1 && got < 500 {
			t.Fatalf("history begins with line %d", got)
		}
		if want != -1 && got != want {
			t.Fatalf("got line %d, want %d", got, want)
		}
		if want = got + 1; want == logline.StartLines+500+lines {
			return
		}
	}
}

// A feed that waits for room ends with its context.
func TestFeedCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		added, result := 0, make(chan error, 1)
		tp := lineTopic(func(ctx context.Context, out *topic.Publisher[logline.Line]) error {
			feed := logline.NewFeed(out)
			feed.Ready()
			for {
				if err := feed.Add(ctx, logline.Line{Text: string(make([]byte, 1000))}); err != nil {
					result <- err
					return err
				}
				added++
			}
		})
		if _, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if held := tp.Stats().HeldBytes; held > 2<<20 {
			t.Errorf("the feed ran %d bytes ahead of a reader that reads nothing", held)
		}
		tp.Close()
		if err := <-result; !errors.Is(err, topic.ErrClosed) {
			t.Errorf("got %v, want the context's cause", err)
		}
		if added == 0 {
			t.Error("nothing was published")
		}
	})
}
