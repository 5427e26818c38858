package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"image/jpeg"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/source/video/testpattern"
)

// framesViewers is how many viewers the relay is measured with.
const framesViewers = 20

type object = map[string]any

// capture is the part of a manifest that says where frames of 1280 x 720 come from.
func capture(backend string, handle any, fps int) object {
	return object{
		"backend": backend, "handle": handle,
		"mode": object{
			"format":   object{"code": "MJPG", "resolution": object{"width": 1280, "height": 720}, "color": "Srgb"},
			"interval": object{"numerator": 1, "denominator": fps},
		},
	}
}

func netcam(c *camera) object {
	return capture("Netcam", object{"Netcam": object{"url": c.url, "width": 1280, "height": 720, "fps": c.rate}}, c.rate)
}

func pattern(fps int) object { return capture("Virtual", "Virtual", fps) }

// stream makes a stream and returns its id.
func (s *server) stream(manifest object) (string, error) {
	manifest["schema_version"], manifest["identity"] = 1, object{}
	var made struct {
		StreamID string `json:"stream_id"`
	}
	err := s.call(http.MethodPost, "/v1/streams", manifest, &made)
	return made.StreamID, err
}

// call sends JSON and reads JSON.
func (s *server) call(method, path string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequest(method, s.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %.300s", method, path, resp.Status, data)
	}
	return json.Unmarshal(data, out)
}

func framesOf(id string) string { return "/v1/ws/streams/" + id + "/frames" }

// framesRelay passes the frames of a camera to 20 viewers, by the floor and by the
// product in turns.
func framesRelay(s *server, length time.Duration) error {
	c, err := startCamera(30)
	if err != nil {
		return err
	}
	defer c.stop()
	id, err := s.stream(object{"capture": netcam(c)})
	if err != nil {
		return err
	}
	for range 2 {
		floor, err := startRelay(c.url)
		if err != nil {
			return err
		}
		err = relayed(floor, "floor", "/", c, length/2)
		floor.stop()
		if err != nil {
			return err
		}
		if err := relayed(s, "heliograph", framesOf(id), c, length/2); err != nil {
			return err
		}
	}
	return nil
}

func relayed(s *server, what, path string, c *camera, length time.Duration) error {
	before := s.cpu()
	all, err := watch(s.url, path, framesViewers, length, stamped)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	used := s.cpu() - before
	row(fmt.Sprintf("relay of an MJPEG camera, 1280x720 at %d fps, %d KiB each, %d viewers, %s", c.rate, len(c.base)>>10, framesViewers, what),
		"%s; %.1f %% of one CPU, RSS %.1f MiB", summary(all), 100*used.Seconds()/(length+time.Second).Seconds(), mib(s.rss()))
	return nil
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// numbered remembers which different frames there were, to read their numbers later.
type numbered struct {
	seed maphash.Seed
	mu   sync.Mutex
	seen map[uint64][]byte
}

func (n *numbered) look(w *watched, data []byte, _ time.Time) {
	sum := maphash.Bytes(n.seed, data)
	w.numbers = append(w.numbers, sum)
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.seen[sum]; !ok {
		n.seen[sum] = bytes.Clone(data)
	}
}

// read puts the numbers that the pictures show in the place of sums.
func (n *numbered) read(all []watched) error {
	shown := map[uint64]uint64{}
	for sum, data := range n.seen {
		img, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			return err
		}
		number, ok := testpattern.ReadBar(img)
		if !ok {
			return fmt.Errorf("a picture without a number")
		}
		shown[sum] = uint64(number)
	}
	for i := range all {
		for k, sum := range all[i].numbers {
			all[i].numbers[k] = shown[sum]
		}
	}
	return nil
}

// framesPattern shows the test pattern to 20 viewers and looks at the memory.
func framesPattern(s *server, length time.Duration) error {
	id, err := s.stream(object{"capture": pattern(30)})
	if err != nil {
		return err
	}
	n := &numbered{seed: maphash.MakeSeed(), seen: map[uint64][]byte{}}
	done := make(chan []float64)
	stop := make(chan struct{})
	go func() { done <- s.weigh(stop) }()
	before := s.cpu()
	all, err := watch(s.url, framesOf(id), framesViewers, length, n.look)
	used := s.cpu() - before
	close(stop)
	weights := <-done
	if err != nil {
		return err
	}
	if err := n.read(all); err != nil {
		return err
	}
	row(fmt.Sprintf("test pattern, 1280x720 at 30 fps, %d viewers, %d s", framesViewers, int(length.Seconds())),
		"%s; %.1f %% of one CPU", summary(all), 100*used.Seconds()/(length+time.Second).Seconds())
	third := len(weights) / 3
	row("the same, RSS", "mean of the second third %.1f MiB, of the last third %.1f MiB, most %.1f MiB",
		mean(weights[third:2*third]), mean(weights[2*third:]), slices.Max(weights))
	return nil
}

// weigh reads the resident size four times a second, in MiB.
func (s *server) weigh(stop <-chan struct{}) (list []float64) {
	for {
		list = append(list, mib(s.rss()))
		select {
		case <-stop:
			return list
		case <-time.After(250 * time.Millisecond):
		}
	}
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum / float64(max(len(list), 1))
}

// framesSlow has a viewer that reads one frame in two seconds beside 19 others.
func framesSlow(s *server, length time.Duration) error {
	c, err := startCamera(30)
	if err != nil {
		return err
	}
	defer c.stop()
	id, err := s.stream(object{"capture": netcam(c)})
	if err != nil {
		return err
	}
	slow, err := view(s.url, framesOf(id))
	if err != nil {
		return err
	}
	defer slow.nc.Close()
	var ages []time.Duration
	var reading sync.WaitGroup
	reading.Go(func() {
		for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(2 * time.Second) {
			data, err := slow.frame()
			if err != nil {
				return
			}
			if _, sent, ok := stampOf(data); ok {
				ages = append(ages, time.Since(sent))
			}
		}
	})
	all, err := watch(s.url, framesOf(id), framesViewers-1, length, stamped)
	reading.Wait()
	if err != nil {
		return err
	}
	if len(ages) < 2 {
		return fmt.Errorf("the slow viewer got %d frames", len(ages))
	}
	row("a viewer that reads 1 frame in 2 s, beside 19 others", "its frames are at most %.0f ms old when read (2 intervals: 67 ms); the others: %s",
		ms(slices.Max(ages[1:])), summary(all))
	return nil
}

// framesIdle has a stream that nobody watches, after it was watched.
func framesIdle(s *server) error {
	const length = 20 * time.Second
	time.Sleep(2 * time.Second)
	before := s.cpu()
	time.Sleep(length)
	without := s.cpu() - before
	id, err := s.stream(object{"capture": pattern(30)})
	if err != nil {
		return err
	}
	if _, err := watch(s.url, framesOf(id), 2, time.Second, stamped); err != nil {
		return err
	}
	time.Sleep(4 * time.Second) // the camera lingers for two
	before = s.cpu()
	time.Sleep(length)
	row("a stream that nobody watches, 20 s", "%d ms of CPU time (%d ms without the stream)", (s.cpu() - before).Milliseconds(), without.Milliseconds())
	return nil
}

// framesPipelines measures pipelines on the test pattern: decoded, processed, and
// encoded again.
func framesPipelines(s *server) error {
	const pipeline = "6f1c1d1e-2a3b-4c5d-8e9f-0011223344aa"
	for _, p := range []struct{ name, steps string }{
		{"one step that costs nothing (box): decode and encode", `[{"kind":"box"}]`},
		{"grayscale, blur, edges", `[{"kind":"grayscale"},{"kind":"blur"},{"kind":"edges"}]`},
		{"resize to 640, motion, text", `[{"kind":"resize","params":{"width":640}},{"kind":"motion"},{"kind":"text"}]`},
		{"hsv_mask, blobs, text", `[{"kind":"hsv_mask","params":{"saturation_min":0.4}},{"kind":"blobs"},{"kind":"text"}]`},
	} {
		id, err := s.stream(object{
			"capture": pattern(30), "pipeline_enabled": true, "active_pipeline_id": pipeline,
			"pipelines": []any{object{"pipeline_id": pipeline, "pipeline_graph": object{"steps": json.RawMessage(p.steps)}}},
		})
		if err != nil {
			return err
		}
		if err := s.processed(id, p.name); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) processed(id, name string) error {
	const length = 6 * time.Second
	type timing struct {
		Average float64 `json:"average_time_ms"`
		Work    float64 `json:"work_average_time_ms"`
	}
	var m struct {
		Decoder, Encoder *timing
		Pipeline         struct {
			Wrapper *timing
			Nodes   map[string]struct {
				Index   int `json:"node_index"`
				Metrics timing
			}
		}
	}
	asked := make(chan error, 1)
	time.AfterFunc(length, func() { asked <- s.call(http.MethodGet, "/v1/streams/"+id+"/metrics", nil, &m) })
	before := s.cpu()
	all, err := watch(s.url, framesOf(id), framesViewers, length, func(*watched, []byte, time.Time) {})
	used := s.cpu() - before
	if err := errors.Join(err, <-asked); err != nil {
		return err
	}
	if m.Decoder == nil || m.Encoder == nil || m.Pipeline.Wrapper == nil {
		return fmt.Errorf("nothing was measured of %s", name)
	}
	nodes := make([]string, len(m.Pipeline.Nodes))
	for label, n := range m.Pipeline.Nodes {
		nodes[n.Index] = fmt.Sprintf("%s %.1f", label, n.Metrics.Average)
	}
	row("pipeline at 1280x720, 20 viewers: "+name, "%.1f fps; decode %.1f, all steps with conversion %.1f (%s), encode %.1f ms; %.0f %% of one CPU",
		all[0].fps(), m.Decoder.Work, m.Pipeline.Wrapper.Average, strings.Join(nodes, ", "), m.Encoder.Work, 100*used.Seconds()/(length+time.Second).Seconds())
	return nil
}
