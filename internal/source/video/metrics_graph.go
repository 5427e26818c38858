package video

import "time"

// GraphMetrics is how the active pipeline of a stream fares, measured over the last
// 120 pictures. It begins anew with every new graph.
type GraphMetrics struct {
	Nodes    []NodeMetrics
	Executor Timing // the parts together, of one picture
	Wrapper  Timing // all of Pipeline.Process, also making pictures ready for the parts
	Encoding Timing // making a JPEG of the picture that is shown
	// Input is how long pictures have waited for the pipeline. Skipped counts those that
	// were replaced by a newer one while they did. They and what follows count from when
	// the stream was made.
	Input   Timing
	Skipped uint64
	// Taken counts those that it began with, and TakenBytes are theirs as they came, a
	// JPEG or a picture. WaitingBytes are those of the one that waits now, if any, and
	// PeakWaitingBytes those of the largest.
	Taken, TakenBytes              uint64
	WaitingBytes, PeakWaitingBytes int
	// Bytes of the newest picture that went in, of the pictures that came out, of the
	// JPEG made of them, of all pictures that were in memory for that, and the most of
	// that.
	InputBytes, OutputBytes, PreviewBytes, HeldBytes, PeakHeldBytes int
}

// Timing is how long something took.
type Timing struct {
	Mean, Last time.Duration
	Samples    int // that Mean is taken over, at most WindowSize
	// Age is the time since the newest sample; -1 if there is none.
	Age time.Duration
}

// NodeMetrics is how one part of a pipeline fares.
type NodeMetrics struct {
	Node
	Timing
	FPS         float64 // 0 if nothing has passed lately
	MeanIn      int     // bytes of the pictures that went in
	MeanOut     int     // bytes of those that came out
	PeakIn      int
	PeakOut     int
	PeakSum     int    // of a picture that went in and the one that came out
	LastError   string // of the newest picture that it could not process
	LastErrorAt time.Time
}

// inputMeter measures the way to the pipeline. It is guarded by its owner.
type inputMeter struct {
	waited              window // work: the time
	skipped, taken      uint64
	takenBytes          uint64
	waiting, peakWaiter int // bytes
}

// graphMeter measures one pipeline. It is guarded by its owner.
type graphMeter struct {
	nodes                                             []nodeMeter
	executor, wrapper, encoding                       window
	inputBytes, outputBytes, previewBytes, held, peak int
}

type nodeMeter struct {
	node                     Node
	window                   window
	in, out                  [WindowSize]int // like window
	peakIn, peakOut, peakSum int
	lastError                string
	lastErrorAt              time.Time
}

func newGraphMeter(p Pipeline) *graphMeter {
	g := &graphMeter{}
	for _, n := range p.Nodes() {
		g.nodes = append(g.nodes, nodeMeter{node: n})
	}
	return g
}

// ran notes what a pipeline has done to a picture.
func (g *graphMeter) ran(r graphRun) {
	var sum time.Duration
	for _, n := range r.results.Nodes {
		sum += n.Took
		if n.Node >= 0 && n.Node < len(g.nodes) {
			g.nodes[n.Node].ran(n, r.done)
		}
	}
	g.executor.add(r.done, sum)
	g.wrapper.add(r.done, r.done.Sub(r.began))
	g.inputBytes, g.outputBytes = r.input, 0
	for _, img := range r.results.Images {
		g.outputBytes += pictureBytes(img)
	}
	g.held = r.input + r.results.Held
	g.peak = max(g.peak, g.held)
}

func (n *nodeMeter) ran(r NodeRun, at time.Time) {
	n.peakIn, n.peakOut, n.peakSum = max(n.peakIn, r.In), max(n.peakOut, r.Out), max(n.peakSum, r.In+r.Out)
	if r.Err != nil {
		n.lastError, n.lastErrorAt = r.Err.Error(), at
		return
	}
	n.in[n.window.next], n.out[n.window.next] = r.In, r.Out
	n.window.add(at, r.Took)
}

func (g *graphMeter) snapshot(now time.Time) *GraphMetrics {
	m := &GraphMetrics{
		Executor: g.executor.timing(now), Wrapper: g.wrapper.timing(now), Encoding: g.encoding.timing(now),
		InputBytes: g.inputBytes, OutputBytes: g.outputBytes, PreviewBytes: g.previewBytes,
		HeldBytes: g.held, PeakHeldBytes: g.peak,
	}
	for i := range g.nodes {
		m.Nodes = append(m.Nodes, g.nodes[i].snapshot(now))
	}
	return m
}

func (n *nodeMeter) snapshot(now time.Time) NodeMetrics {
	m := NodeMetrics{
		Node: n.node, Timing: n.window.timing(now), FPS: n.window.stage(now).FPS,
		PeakIn: n.peakIn, PeakOut: n.peakOut, PeakSum: n.peakSum, LastError: n.lastError, LastErrorAt: n.lastErrorAt,
	}
	for i := range n.window.held {
		at := n.window.back(i)
		m.MeanIn += n.in[at]
		m.MeanOut += n.out[at]
	}
	if n.window.held > 0 {
		m.MeanIn /= n.window.held
		m.MeanOut /= n.window.held
	}
	return m
}

// timing returns the averages as of now.
func (w *window) timing(now time.Time) Timing {
	s := w.stage(now)
	t := Timing{Mean: s.Work, Last: s.LastWork, Samples: w.held, Age: -1}
	if w.held > 0 {
		t.Age = now.Sub(w.at[w.back(0)])
	}
	return t
}
