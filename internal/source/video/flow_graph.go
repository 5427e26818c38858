package video

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"time"

	"github.com/heliograph/heliograph/internal/source/video/stripjpeg"
)

// graphWork runs the pipeline beside the capture, on the newest picture.
type graphWork struct {
	in   chan graphInput
	free chan *image.YCbCr // copies of pictures that can be used again
	jpeg stripjpeg.Encoder
	// coded leads to a transcoder that decodes inter-coded frames; nil before the
	// first of them.
	coded  chan *Frame
	primed bool // coded has had a key frame and nothing was lost since
	epoch  uint64
}

// graphInput is a picture to process: decoded already, or a JPEG.
type graphInput struct {
	frame   *Frame
	picture *image.YCbCr
	own     bool // picture is a copy that goes to graphWork.free
	at      time.Time
}

// bytes returns the size of what waits.
func (in graphInput) bytes() int {
	if in.picture != nil {
		return pictureBytes(in.picture)
	}
	return len(in.frame.Data)
}

// graphRun is what a pipeline has done to a picture.
type graphRun struct {
	began, done time.Time
	input       int // bytes
	results     Results
	err         error
}

// offerGraph gives a frame to the pipeline if somebody wants an output of it.
// picture, if not nil, is its decoded form and copied.
func (f *flow) offerGraph(fr *Frame, picture *image.YCbCr) {
	if len(f.s.wanted()) == 0 {
		if f.graph != nil {
			f.graph.primed = false
		}
		return
	}
	if f.graph == nil {
		f.graph = &graphWork{in: make(chan graphInput, 1), free: make(chan *image.YCbCr, 2)}
		f.workers.Go(func() { f.process(f.graph) })
	}
	if fr.FourCC.Inter() {
		f.offerDecoder(f.graph, fr)
		return
	}
	in := graphInput{frame: fr}
	if picture != nil {
		in.picture, in.own = f.graph.copied(picture), true
	}
	f.graph.offer(in, &f.s.meter)
}

// offer replaces what the pipeline has not begun.
func (g *graphWork) offer(in graphInput, m *meter) {
	in.at = time.Now()
	skipped := uint64(0)
	select {
	case old := <-g.in:
		g.release(old)
		skipped = 1
	default:
	}
	m.graphOffered(in.bytes(), skipped)
	select {
	case g.in <- in:
	default: // the camera and the decoder both offer
		g.release(in)
	}
}

// copied returns a copy of a picture, in the memory of one that is done with if there
// is one of the same shape.
func (g *graphWork) copied(p *image.YCbCr) *image.YCbCr {
	select {
	case old := <-g.free:
		if len(old.Y) == len(p.Y) && len(old.Cb) == len(p.Cb) && len(old.Cr) == len(p.Cr) {
			y, cb, cr := old.Y, old.Cb, old.Cr
			*old = *p
			old.Y, old.Cb, old.Cr = y, cb, cr
			copy(y, p.Y)
			copy(cb, p.Cb)
			copy(cr, p.Cr)
			return old
		}
	default:
	}
	return clonePicture(p)
}

// release gives the memory of a picture back.
func (g *graphWork) release(in graphInput) {
	if !in.own {
		return
	}
	select {
	case g.free <- in.picture:
	default:
	}
}

// offerDecoder gives an inter-coded frame to the decoder. What it cannot take makes
// it go on at the next key frame.
func (f *flow) offerDecoder(g *graphWork, fr *Frame) {
	if fr.Epoch != g.epoch {
		g.epoch, g.primed = fr.Epoch, false
	}
	if !fr.Key && !g.primed {
		return
	}
	if g.coded == nil && !f.startDecoder(g, fr) {
		return
	}
	select {
	case g.coded <- fr:
		g.primed = true
	default:
		g.primed = false
		f.s.meter.count(&f.s.meter.decoder.backpressure, 1)
	}
}

func (f *flow) startDecoder(g *graphWork, fr *Frame) bool {
	t, m := f.s.transcoder, &f.s.meter
	if t == nil {
		m.graphFailed(fmt.Errorf("decode %s: %w", fr.FourCC, ErrNotInstalled), time.Now())
		return false
	}
	g.coded = make(chan *Frame, held)
	format := Format{FourCC: fr.FourCC, Width: fr.Width, Height: fr.Height}
	f.workers.Go(func() {
		err := t.Decode(f.ctx, format, g.coded, func(p *image.YCbCr) {
			now := time.Now()
			m.coded(&m.decoder, "ffmpeg", now, 0)
			g.offer(graphInput{frame: &Frame{Captured: now, Seq: f.s.seq.Load()}, picture: p}, m)
		})
		if f.ctx.Err() == nil {
			m.codecFailed(&m.decoder, "ffmpeg")
			f.cancel(fmt.Errorf("decode %s: %w", format.FourCC, orEnded(err)))
		}
	})
	return true
}

// process runs the pipeline until the flow ends.
func (f *flow) process(g *graphWork) {
	for {
		select {
		case in := <-g.in:
			f.processOne(f.ctx, g, in)
		case <-f.ctx.Done():
			return
		}
	}
}

func (f *flow) processOne(ctx context.Context, g *graphWork, in graphInput) {
	defer g.release(in)
	want := f.s.wanted()
	p, meter := f.s.pipeline()
	if len(want) == 0 || p == nil {
		return
	}
	now := time.Now()
	f.s.meter.graphTook(now, now.Sub(in.at), in.bytes())
	picture, err := f.decoded(in)
	if err != nil {
		f.s.meter.graphFailed(err, time.Now())
		return
	}
	run := graphRun{began: time.Now(), input: pictureBytes(picture)}
	run.results, run.err = p.Process(ctx, Picture{Image: picture, Captured: in.frame.Captured, Seq: in.frame.Seq}, want)
	run.done = time.Now()
	f.s.meter.graphRan(meter, run)
	if run.err != nil {
		f.s.failValues(want, run.err, run.done)
		return
	}
	f.s.setValues(run.results.Values, in.frame.Seq, run.done)
	if c := f.s.chosen(); !c.plain && f.s.viewers.Load() > 0 {
		if img := run.results.Images[c.output]; img != nil {
			took, size := f.encodeJPEG(&g.jpeg, in.frame, img)
			f.s.meter.shown(meter, run.done, took, size)
		}
	}
}

// decoded returns the picture of an input.
func (f *flow) decoded(in graphInput) (*image.YCbCr, error) {
	if in.picture != nil {
		return in.picture, nil
	}
	m, began := &f.s.meter, time.Now()
	p, err := decodeJPEG(in.frame.Data)
	if err != nil {
		m.codecFailed(&m.decoder, "jpeg")
		return nil, err
	}
	now := time.Now()
	m.coded(&m.decoder, "jpeg", now, now.Sub(began))
	return p, nil
}

// decodeJPEG decodes a JPEG whose size was checked before anything is made for it.
func decodeJPEG(data []byte) (*image.YCbCr, error) {
	head, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decode a JPEG: %w", err)
	}
	if head.Width > maxSide || head.Height > maxSide {
		return nil, fmt.Errorf("decode a JPEG: %w: %d x %d pixels", ErrUnsupported, head.Width, head.Height)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("decode a JPEG: %w", err)
	}
	switch p := img.(type) {
	case *image.YCbCr:
		return p, nil
	case *image.Gray:
		return grayPicture(p), nil
	}
	return nil, fmt.Errorf("decode a JPEG: %w: its colours", ErrUnsupported)
}

// grayPicture shares the luma and adds chroma without colour.
func grayPicture(g *image.Gray) *image.YCbCr {
	p := image.NewYCbCr(g.Rect, image.YCbCrSubsampleRatio420)
	p.Y, p.YStride = g.Pix, g.Stride
	for i := range p.Cb {
		p.Cb[i], p.Cr[i] = 128, 128
	}
	return p
}

func clonePicture(p *image.YCbCr) *image.YCbCr {
	c := *p
	c.Y, c.Cb, c.Cr = bytes.Clone(p.Y), bytes.Clone(p.Cb), bytes.Clone(p.Cr)
	return &c
}

// pictureBytes returns the memory that a picture takes, as far as that is known.
func pictureBytes(img image.Image) int {
	switch p := img.(type) {
	case *image.YCbCr:
		return len(p.Y) + len(p.Cb) + len(p.Cr)
	case *image.RGBA:
		return len(p.Pix)
	case *image.Gray:
		return len(p.Pix)
	}
	return 0
}
