package video

import (
	"fmt"
	"time"
)

// encoderWork feeds a transcoder with the newest frame.
type encoderWork struct {
	in chan *Frame
	// sent are the frames that went in and have not come out, oldest first.
	sent  chan sentFrame
	epoch uint64
}

type sentFrame struct {
	captured, at time.Time
	seq          uint64
}

// maxInEncoder bounds the frames that are remembered. A transcoder without delay has
// fewer; one that leaves out a frame that it cannot decode must not make it grow.
const maxInEncoder = 8

// offerEncoder gives a frame to the encoder, which it starts if need be. A frame
// that the encoder has not taken yet is replaced.
func (f *flow) offerEncoder(fr *Frame, target FourCC) {
	t := f.s.transcoder
	if t == nil {
		f.cancel(fmt.Errorf("encode %s: %w: no encoder", target, ErrNotInstalled))
		return
	}
	if f.encoder == nil {
		f.startEncoder(t, fr, target)
	}
	m := &f.s.meter
	for {
		select {
		case f.encoder.in <- fr:
			return
		default:
		}
		select {
		case <-f.encoder.in:
			m.count(&m.encoder.backpressure, 1)
		default:
		}
	}
}

// startEncoder runs a transcoder until the flow ends. If it fails, so does the
// capture, which is then started again with a delay.
func (f *flow) startEncoder(t Transcoder, first *Frame, target FourCC) {
	spec := EncodeSpec{Encoding: f.cfg.Encoding, Source: Format{FourCC: MJPG, Width: first.Width, Height: first.Height}}
	spec.Format = target
	spec.Rate = f.cfg.Encoding.Interval
	if !spec.Rate.Valid() {
		spec.Rate = f.cfg.Capture.Rate(Interval{Numerator: 1, Denominator: 30})
	}
	w := &encoderWork{in: make(chan *Frame, 1), sent: make(chan sentFrame, maxInEncoder), epoch: f.s.nextEpoch()}
	f.encoder = w
	name, m := t.Name(target), &f.s.meter
	fed := make(chan *Frame)
	f.workers.Go(func() { f.feed(w, fed) })
	f.workers.Go(func() {
		err := t.Encode(f.ctx, spec, fed, func(out Frame) { f.encoded(w, name, out) })
		if f.ctx.Err() == nil {
			m.codecFailed(&m.encoder, name)
			f.cancel(fmt.Errorf("encode %s: %w", target, orEnded(err)))
		}
	})
}

// feed passes frames to the transcoder and remembers them.
func (f *flow) feed(w *encoderWork, fed chan<- *Frame) {
	for {
		select {
		case fr := <-w.in:
			w.remember(sentFrame{captured: fr.Captured, at: time.Now(), seq: fr.Seq})
			select {
			case fed <- fr:
			case <-f.ctx.Done():
				return
			}
		case <-f.ctx.Done():
			return
		}
	}
}

// remember keeps what is known of a frame that goes in, in place of the oldest one if
// there are too many.
func (w *encoderWork) remember(in sentFrame) {
	for {
		select {
		case w.sent <- in:
			return
		default:
		}
		select {
		case <-w.sent:
		default:
		}
	}
}

// encoded publishes what the transcoder has made.
func (f *flow) encoded(w *encoderWork, name string, out Frame) {
	m, now := &f.s.meter, time.Now()
	select {
	case in := <-w.sent:
		out.Captured, out.Seq = in.captured, in.seq
		m.coded(&m.encoder, name, now, now.Sub(in.at))
	default: // more has come out than went in
		out.Captured, out.Seq = now, f.s.seq.Load()
		m.coded(&m.encoder, name, now, 0)
	}
	out.Epoch = w.epoch
	f.publish(&out)
}

func orEnded(err error) error {
	if err == nil {
		return fmt.Errorf("it has ended")
	}
	return err
}
