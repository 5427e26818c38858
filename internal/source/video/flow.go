package video

import (
	"context"
	"fmt"
	"image"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/source/video/stripjpeg"
	"github.com/heliograph/heliograph/internal/topic"
)

// flow is the way of the frames during one run of a camera. It is the camera's Sink.
type flow struct {
	s      *Stream
	cfg    Config
	out    *topic.Publisher[*Frame]
	ctx    context.Context
	cancel context.CancelCauseFunc
	// workers are the goroutines of the encoder and the pipeline.
	workers  sync.WaitGroup
	watch    *time.Timer // cancels when no frame comes
	patience time.Duration

	frames  uint64
	due     time.Time  // TargetFPS: of the next frame
	choice  uint64     // the version of the output choice that epoch belongs to
	epoch   uint64     // of frames that are passed through
	handing sync.Mutex // held while a frame is delivered, for the camera and the pipeline may both
	encoder *encoderWork
	graph   *graphWork
	jpeg    stripjpeg.Encoder
}

// patienceFor returns how long a camera may deliver nothing.
func patienceFor(c Capture) time.Duration {
	return max(10*time.Second, 5*c.Rate(Interval{}).Duration())
}

func newFlow(ctx context.Context, cancel context.CancelCauseFunc, s *Stream, cfg Config, out *topic.Publisher[*Frame]) *flow {
	f := &flow{s: s, cfg: cfg, out: out, ctx: ctx, cancel: cancel, patience: patienceFor(cfg.Capture), epoch: s.nextEpoch()}
	// The first frame may take twice as long: cameras have to be connected to.
	f.watch = time.AfterFunc(2*f.patience, func() {
		cancel(fmt.Errorf("%w: none for %s", ErrStalled, f.patience))
	})
	return f
}

// close stops what belongs to the flow and waits for it.
func (f *flow) close() {
	f.watch.Stop()
	f.cancel(nil)
	f.workers.Wait()
}

// arrived notes that a frame has come. It returns the frame's number, 0 if it is not
// wanted because of TargetFPS.
func (f *flow) arrived(captured time.Time, work time.Duration, inter bool) uint64 {
	f.watch.Reset(f.patience)
	f.frames++
	if f.frames == 1 {
		f.s.running(f.cfg)
	}
	f.s.meter.captured(captured, work)
	seq := f.s.seq.Add(1)
	if fps := f.cfg.Capture.TargetFPS; fps > 0 && !inter && !f.isDue(captured, fps) {
		f.s.meter.count(&f.s.meter.thinned, 1)
		return 0
	}
	return seq
}

// isDue thins frames out to a rate, taking those nearest to the beat.
func (f *flow) isDue(at time.Time, fps float64) bool {
	every := time.Duration(float64(time.Second) / fps)
	if at.Before(f.due.Add(-every / 4)) {
		return false
	}
	if f.due = f.due.Add(every); f.due.Before(at) {
		f.due = at.Add(every)
	}
	return true
}

// Frame implements Sink.
func (f *flow) Frame(fr Frame, work time.Duration) {
	if fr.Captured.IsZero() {
		fr.Captured = time.Now()
	}
	if fr.Seq = f.arrived(fr.Captured, work, fr.FourCC.Inter()); fr.Seq == 0 {
		return
	}
	fr.Key = fr.Key || !fr.FourCC.Inter()
	choice := f.s.chosen()
	if choice.version != f.choice {
		// What was shown in between has not been passed through.
		f.choice, f.epoch = choice.version, f.s.nextEpoch()
	}
	fr.Epoch = f.epoch
	f.s.source.Store(&Format{FourCC: fr.FourCC, Width: fr.Width, Height: fr.Height})
	f.offerGraph(&fr, nil)
	if choice.plain {
		f.deliver(&fr)
	}
}

// Picture implements Sink.
func (f *flow) Picture(p *image.YCbCr, captured time.Time) {
	seq := f.arrived(captured, 0, false)
	if seq == 0 {
		return
	}
	size := p.Bounds().Size()
	f.s.source.Store(&Format{FourCC: f.cfg.Capture.Format.FourCC, Width: uint32(size.X), Height: uint32(size.Y)})
	fr := &Frame{Captured: captured, Seq: seq}
	f.offerGraph(fr, p)
	if f.s.chosen().plain && f.s.viewers.Load() > 0 {
		f.encodeJPEG(&f.jpeg, fr, p)
	}
}

// encodeJPEG makes a frame of a picture and delivers it. It returns how long the making
// took and the frame's size in bytes, 0 if there is none.
func (f *flow) encodeJPEG(e *stripjpeg.Encoder, like *Frame, p image.Image) (took time.Duration, bytes int) {
	began := time.Now()
	m := &f.s.meter
	data, err := e.Encode(p, f.cfg.Capture.Quality)
	if err != nil {
		m.codecFailed(&m.encoder, "jpeg")
		f.s.log.Debug("picture not encoded", "stream", f.s.id, "err", err)
		return 0, 0
	}
	now := time.Now()
	took = now.Sub(began)
	m.coded(&m.encoder, "jpeg", now, took)
	size := p.Bounds().Size()
	f.deliver(&Frame{
		FourCC: MJPG, Width: uint32(size.X), Height: uint32(size.Y), Key: true, Data: data,
		Captured: like.Captured, Seq: like.Seq, Epoch: like.Epoch,
	})
	return took, len(data)
}

// Dropped implements Sink.
func (f *flow) Dropped(n int) {
	if n <= 0 {
		return
	}
	f.s.meter.count(&f.s.meter.dropped, uint64(n))
	// What follows may refer to what was lost.
	f.epoch = f.s.nextEpoch()
}

// deliver gives a frame to the viewers, by way of the encoder if they are to get
// another format.
func (f *flow) deliver(fr *Frame) {
	f.handing.Lock()
	defer f.handing.Unlock()
	target := f.cfg.target()
	if !target.Inter() || fr.FourCC != MJPG {
		f.publish(fr)
		return
	}
	if f.s.viewers.Load() > 0 {
		f.offerEncoder(fr, target)
	}
}

// publish hands a frame to the topic. The frame of an encoder need not be handed over
// under the lock: it is the only one who publishes then.
func (f *flow) publish(fr *Frame) {
	if fr.FourCC == MJPG {
		f.s.newest.Store(fr)
	}
	f.s.format.Store(&Format{FourCC: fr.FourCC, Width: fr.Width, Height: fr.Height})
	// Measured before, so that nobody who has the frame sees a count without it.
	f.s.meter.published(fr, time.Now())
	f.out.Publish(fr)
}
