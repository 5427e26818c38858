package child

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/logtext"
	"github.com/heliograph/heliograph/internal/recorder"
)

const (
	maxCopy = 1 << 20 // bytes that wait to become entries
	// quiet is how long an entry waits for lines that belong to it.
	quiet = 30 * time.Millisecond
)

// lines makes log entries of a copy of one stream.
type lines struct {
	logs     *recorder.Logs
	redact   func(string) string
	assemble logtext.Assembler
	carry    []byte // an incomplete line
	last     recorder.LogEntry
	wg       sync.WaitGroup

	mu     sync.Mutex
	buf    []byte
	spare  []byte
	lost   int // bytes that were left out behind buf
	closed bool
	ready  chan struct{}
}

func newLines(level recorder.Level, c *Child) *lines {
	l := &lines{logs: c.opts.Recorder.Logs, redact: c.opts.Redact, ready: make(chan struct{}, 1)}
	l.assemble = logtext.Assembler{Fallback: level, Emit: l.emit}
	return l
}

func (l *lines) emit(e recorder.LogEntry) {
	e.Message, e.Exception = l.redact(e.Message), l.redact(e.Exception)
	l.last = e
	l.logs.Record(e)
}

// add copies data. It does not wait.
func (l *lines) add(data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost > 0 || len(l.buf)+len(data) > maxCopy {
		l.lost += len(data)
	} else {
		l.buf = append(l.buf, data...)
	}
	l.wake()
}

func (l *lines) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.wake()
}

func (l *lines) wake() {
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

func (l *lines) start() { l.wg.Go(l.run) }

func (l *lines) wait() { l.wg.Wait() }

// take returns what has come, how much was left out behind it, and whether that was
// all.
func (l *lines) take() (data []byte, lost int, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	data, lost, closed = l.buf, l.lost, l.closed
	l.buf, l.lost, l.spare = l.spare[:0], 0, data
	return data, lost, closed
}

func (l *lines) run() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timeout := time.Hour
		if l.assemble.Pending() {
			timeout = quiet
		}
		timer.Reset(timeout)
		select {
		case <-timer.C:
			l.assemble.Flush()
			continue
		case <-l.ready:
		}
		data, lost, closed := l.take()
		l.split(data, time.Now())
		if lost > 0 {
			l.tellLost(lost)
		}
		if closed {
			if len(l.carry) > 0 {
				l.line(l.carry, time.Now())
			}
			l.assemble.Flush()
			return
		}
	}
}

// split takes the lines out of data. The last one may have to wait for its end.
func (l *lines) split(data []byte, read time.Time) {
	for {
		line, rest, ended := bytes.Cut(data, []byte{'\n'})
		if room := logline.MaxText + 1 - len(l.carry); len(line) > room { // one more, so that it is cut, and says so
			line = line[:max(room, 0)]
		}
		switch {
		case !ended:
			l.carry = append(l.carry, line...)
			return
		case len(l.carry) > 0:
			l.line(append(l.carry, line...), read)
			l.carry = l.carry[:0]
		default:
			l.line(line, read)
		}
		data = rest
	}
}

func (l *lines) line(raw []byte, read time.Time) {
	l.assemble.Line(logline.Clean(string(raw)), read)
}

func (l *lines) tellLost(n int) {
	l.assemble.Flush()
	l.carry = l.carry[:0]
	l.logs.Record(recorder.LogEntry{
		Level: recorder.Warning, Category: "heliograph.run", Source: recorder.SourceFramework,
		Message: fmt.Sprintf("%d bytes of output came faster than log entries could be made of them and are not shown here", n),
	})
}
