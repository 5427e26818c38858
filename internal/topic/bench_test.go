package topic_test

import (
	"fmt"
	"testing"

	"github.com/heliograph/heliograph/internal/topic"
)

// BenchmarkPublish is the cost of one event with N subscribers that read it; with
// none it is that of the topic itself.
func BenchmarkPublish(b *testing.B) {
	for _, n := range []int{0, 1, 100, 1000} {
		for name, policy := range map[string]topic.Policy{"gap": topic.Gap, "latest": topic.Latest} {
			b.Run(fmt.Sprintf("%s/subscribers=%d", name, n), func(b *testing.B) {
				tp := topic.New(topic.Options[int]{})
				woken := 0
				var subs []*topic.Subscription[int]
				for range n {
					s, err := tp.Subscribe(topic.SubscribeOptions{Policy: policy, Wake: func() { woken++ }})
					if err != nil {
						b.Fatal(err)
					}
					defer s.Close()
					subs = append(subs, s)
				}
				var items [16]topic.Item[int]
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					tp.Publish(i)
					for _, s := range subs {
						for {
							if k, _ := s.Fill(items[:]); k == 0 {
								break
							}
						}
					}
				}
				if n > 0 {
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/delivery")
				}
			})
		}
	}
}

// BenchmarkPublishUnread is the cost of one event with N subscribers that are
// busy with something else: none is woken and none costs a thing.
func BenchmarkPublishUnread(b *testing.B) {
	for _, n := range []int{0, 100, 1000} {
		b.Run(fmt.Sprintf("subscribers=%d", n), func(b *testing.B) {
			tp := topic.New(topic.Options[int]{})
			for range n {
				s, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap, Wake: func() {}})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				tp.Publish(i)
			}
		})
	}
}

// BenchmarkFill is the cost per event of a subscriber that has fallen behind and
// reads 16 at a time.
func BenchmarkFill(b *testing.B) {
	tp := topic.New(topic.Options[int]{HistoryItems: 1024})
	s, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for i := range 1024 {
		tp.Publish(i)
	}
	var items [16]topic.Item[int]
	for b.Loop() {
		if n, _ := s.Fill(items[:]); n == 0 {
			s.Rewind(-1)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*16), "ns/event")
}

// BenchmarkEncode compares the first encoding of an event, which makes the form,
// with all others, which share it.
func BenchmarkEncode(b *testing.B) {
	tp := topic.New(topic.Options[int]{})
	key := topic.Key{Form: "bench"}
	encode := func(*topic.Event[int]) (string, error) { return "encoded", nil }
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := topic.Encode(tp.Publish(1), key, encode); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("shared", func(b *testing.B) {
		e := tp.Publish(1)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := topic.Encode(e, key, encode); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}
