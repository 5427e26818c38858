package httpcapture

import (
	"crypto/tls"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// The phases of an exchange, of which each begins and ends.
const (
	resolve = iota
	dial
	handshake
	send
	wait
	phaseCount
)

// phases notes when the phases of an exchange begin and end. Of those that happen
// more than once, as when connections are tried in turn, the last counts.
type phases struct {
	mu         sync.Mutex
	begun, end [phaseCount]time.Time
}

func (p *phases) begin(phase int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun[phase] = time.Now()
}

func (p *phases) finish(phase int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end[phase] = time.Now()
}

func (p *phases) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:             func(httptrace.DNSStartInfo) { p.begin(resolve) },
		DNSDone:              func(httptrace.DNSDoneInfo) { p.finish(resolve) },
		ConnectStart:         func(string, string) { p.begin(dial) },
		ConnectDone:          func(string, string, error) { p.finish(dial) },
		TLSHandshakeStart:    func() { p.begin(handshake) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { p.finish(handshake) },
		GotConn:              func(httptrace.GotConnInfo) { p.begin(send) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { p.finish(send); p.begin(wait) },
		GotFirstResponseByte: func() { p.finish(wait) },
	}
}

// timings returns the lengths of the phases, -1 for those that there were not; all
// zero if the transport tells nothing.
func (p *phases) timings() recorder.Timings {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun[send].IsZero() && p.begun[dial].IsZero() && p.begun[resolve].IsZero() {
		return recorder.Timings{}
	}
	length := func(phase int) time.Duration {
		if p.begun[phase].IsZero() || p.end[phase].IsZero() {
			return -1
		}
		// A response may begin before the transport tells that the request has ended.
		return max(p.end[phase].Sub(p.begun[phase]), 0)
	}
	t := recorder.Timings{
		DNS: length(resolve), Connect: length(dial), TLS: length(handshake), Send: length(send), Wait: length(wait), Receive: -1,
	}
	if !p.end[wait].IsZero() {
		t.Receive = time.Since(p.end[wait])
	}
	return t
}
