package video

import (
	"slices"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// choice is the image output that is shown.
type choice struct {
	output  string
	plain   bool    // it is the frames as they are captured
	owner   *Viewer // who has made it; nil for a command
	version uint64  // counts the changes
}

// Outputs lists what the stream offers: [OutputFrame] first and, if it has a pipeline,
// [OutputRaw] and what the pipeline has.
func (s *Stream) Outputs() []Output {
	s.mu.Lock()
	defer s.mu.Unlock()
	return outputsOf(s.graph)
}

// Selected returns the image output that viewers are shown.
func (s *Stream) Selected() string { return s.chosen().output }

// Select shows another image output to all viewers; "" is [OutputFrame]. The error
// wraps ErrNoOutput. What a viewer has chosen is not restored after it.
func (s *Stream) Select(output string) error {
	if output == "" {
		output = OutputFrame
	}
	_, _, err := s.choose(output, nil)
	return err
}

// Processed tells whether what viewers are shown is made by the pipeline.
func (s *Stream) Processed() bool { return !s.chosen().plain }

// Passes tells whether an image output is the frames as they are captured.
func (s *Stream) Passes(output string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return passes(s.graph, output)
}

func (s *Stream) chosen() choice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.choice
}

// choose shows an output and returns the former one.
func (s *Stream) choose(output string, owner *Viewer) (former string, changed bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	output, err = imageOutput(s.graph, output)
	if err != nil {
		return "", false, err
	}
	former = s.choice.output
	if former == output {
		if owner == nil {
			s.choice.owner = nil
		}
		return former, false, nil
	}
	s.showLocked(output, owner)
	s.renewWantLocked()
	return former, true, nil
}

// restore puts an output back if the choice is still the viewer's.
func (s *Stream) restore(owner *Viewer, former string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.choice.owner != owner {
		return
	}
	if o, ok := findOutput(outputsOf(s.graph), former); !ok || !o.Image {
		former = OutputFrame
	}
	s.showLocked(former, nil)
	s.renewWantLocked()
}

func (s *Stream) showLocked(output string, owner *Viewer) {
	s.choice = choice{output: output, plain: passes(s.graph, output), owner: owner, version: s.choice.version + 1}
}

// setGraph puts a pipeline in force, nil for none, and shows the output wanted, or
// if there is none of that name the one shown so far, or the plain frames.
func (s *Stream) setGraph(p Pipeline, output string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.graph = p
	s.graphMeter = s.meter.setGraph(p)
	clear(s.values)
	list := outputsOf(p)
	for _, name := range []string{output, s.choice.output, OutputFrame} {
		if o, ok := findOutput(list, name); ok && o.Image {
			if name != s.choice.output || passes(p, name) != s.choice.plain {
				s.showLocked(name, nil)
			}
			break
		}
	}
	s.renewWantLocked()
}

func (s *Stream) pipeline() (Pipeline, *graphMeter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.graph, s.graphMeter
}

// wanted returns the outputs of the pipeline that somebody wants.
func (s *Stream) wanted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.viewers.Load() == 0 {
		return s.wantValues
	}
	return s.want
}

// renewWantLocked finds out which outputs of the pipeline are wanted: the values
// watched and, if there are viewers, the picture shown.
func (s *Stream) renewWantLocked() {
	s.want, s.wantValues = nil, nil
	if s.graph == nil {
		return
	}
	for _, o := range s.graph.Outputs() {
		if o.Image {
			continue
		}
		for w := range s.watches {
			if slices.Contains(w.ports, o.Name) {
				s.wantValues = append(s.wantValues, o.Name)
				break
			}
		}
	}
	s.want = s.wantValues
	if !s.choice.plain {
		s.want = append(slices.Clone(s.wantValues), s.choice.output)
	}
}

// Sample is the newest value of a data output.
type Sample struct {
	Port string
	// Value can be made into JSON; it is shared and must not be changed.
	Value any
	Err   error // why there is no value
	At    time.Time
	Seq   uint64 // of the frame it was made from
}

// ValueWatch makes a stream capture and its pipeline compute the values of data
// outputs.
type ValueWatch struct {
	stream *Stream
	hold   *topic.Subscription[*Frame]
	ports  []string // guarded by stream.mu
}

// WatchValues makes a watch for the data outputs named; names that do not exist are
// allowed, for they may come to exist. It returns ErrDeleted after the stream was
// deleted. The watch must be closed by its owner.
func (s *Stream) WatchValues(ports []string) (*ValueWatch, error) {
	w := &ValueWatch{stream: s}
	if err := w.SetPorts(ports); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches[w] = struct{}{}
	s.renewWantLocked()
	return w, nil
}

// SetPorts replaces the outputs watched. Without any, the watch costs nothing.
func (w *ValueWatch) SetPorts(ports []string) error {
	s := w.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(ports) > 0 && w.hold == nil {
		hold, err := s.frames.Subscribe(topic.SubscribeOptions{})
		if err != nil {
			return s.ended(err)
		}
		w.hold = hold
	}
	if len(ports) == 0 {
		w.releaseLocked()
	}
	w.ports = slices.Clone(ports)
	s.renewWantLocked()
	return nil
}

func (w *ValueWatch) releaseLocked() {
	if w.hold != nil {
		w.hold.Close()
		w.hold = nil
	}
}

// Newest returns the newest samples of the outputs watched, sorted by port; none for
// those that have produced nothing yet.
func (w *ValueWatch) Newest() []Sample {
	s := w.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Sample
	for _, port := range w.ports {
		if v, ok := s.values[port]; ok {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b Sample) int {
		switch {
		case a.Port < b.Port:
			return -1
		case a.Port > b.Port:
			return 1
		}
		return 0
	})
	return list
}

// Close ends the watch. Closing twice is allowed.
func (w *ValueWatch) Close() {
	s := w.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	w.releaseLocked()
	delete(s.watches, w)
	s.renewWantLocked()
}

// setValues keeps what a pipeline has computed.
func (s *Stream) setValues(values map[string]any, seq uint64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for port, v := range values {
		if slices.Contains(s.wantValues, port) {
			s.values[port] = Sample{Port: port, Value: v, At: now, Seq: seq}
		}
	}
}

// failValues makes the failure of a pipeline the newest sample of its data outputs.
func (s *Stream) failValues(want []string, err error, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, port := range want {
		if port != s.choice.output {
			s.values[port] = Sample{Port: port, Err: err, At: now}
		}
	}
}
