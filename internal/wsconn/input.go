package wsconn

import (
	"bufio"
	"io"
	"sync"
)

// readBuffer is what one read takes from the transport at most.
const readBuffer = 4 << 10

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readBuffer) }}

// input is the transport as the frame parser sees it. Between frames it holds
// no buffer: an idle connection waits with one byte.
type input struct {
	conn  *Conn
	early []byte        // comes before what the transport has
	buf   *bufio.Reader // nil between frames
	one   [1]byte
	has   bool     // one comes before what buf has
	head  [12]byte // room to parse a header in
}

// await blocks until there is something to read.
func (in *input) await() error {
	if in.buf != nil {
		if in.buf.Buffered() > 0 {
			return nil
		}
		in.release()
	}
	if len(in.early) == 0 {
		if _, err := io.ReadFull((*wire)(in), in.one[:]); err != nil {
			return err
		}
		in.has = true
	}
	in.buf = readers.Get().(*bufio.Reader)
	in.buf.Reset((*wire)(in))
	return nil
}

// release gives the buffer back.
func (in *input) release() {
	if in.buf != nil {
		in.buf.Reset(nil)
		readers.Put(in.buf)
		in.buf = nil
	}
}

// Read implements io.Reader for the parser.
func (in *input) Read(p []byte) (int, error) {
	if in.has && len(p) > 0 {
		p[0], in.has = in.one[0], false
		return 1, nil
	}
	return in.buf.Read(p)
}

// wire is an input below its buffer.
type wire input

// Read reads from the transport and notes the sign of life.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.early) > 0 {
		n := copy(p, w.early)
		if w.early = w.early[n:]; len(w.early) == 0 {
			w.early = nil
		}
		return n, nil
	}
	n, err := w.conn.nc.Read(p)
	if n > 0 {
		w.conn.lastRead.set(w.conn.hub.now())
	}
	return n, err
}
