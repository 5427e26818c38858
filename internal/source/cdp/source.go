package cdp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/redact"
)

// How long things take at the most, and how often the browser is asked.
const (
	askTimeout  = 5 * time.Second
	dialTimeout = 10 * time.Second
	lookEvery   = 500 * time.Millisecond // for a page, while there is a browser
	retryFirst  = 250 * time.Millisecond // for a browser
	retryMost   = 2 * time.Second
	evicted     = 10 * time.Second // after another client has taken the target over
)

// Options of a source. Endpoint must be given.
type Options struct {
	// Endpoint is the address of the debug port, such as http://127.0.0.1:9222.
	Endpoint string
	// Target names what to look into; empty means the first page. See the package
	// comment.
	Target string
	// Name is that of the application; empty means the title of the page.
	Name string
	// Redact takes secrets out of what is recorded elsewhere than in exchanges,
	// which are the recorder's business: addresses, messages of the console, errors,
	// dialogs. nil leaves them.
	Redact *redact.Redactor
	// Logger may be nil.
	Logger *slog.Logger
}

// Source looks into one page after the other and records what it sees.
type Source struct {
	opts Options
	end  endpoint
	log  *slog.Logger

	mu   sync.Mutex
	page *page // attached; nil: none

	// Of the goroutine of Run.
	documents int                // numbers them, so that no two elements have the same id
	seen      map[string]float64 // by target: time of the last console message, ms
}

// New returns a source. It opens nothing; an unusable address is an error.
func New(opts Options) (*Source, error) {
	base, err := parseEndpoint(opts.Endpoint)
	if err != nil {
		return nil, err
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true}, // no proxy: it is this machine, or one that was named
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	return &Source{
		opts: opts, end: endpoint{base: base, http: client}, log: opts.Logger,
		seen: map[string]float64{},
	}, nil
}

// Version asks the browser what it is.
func (s *Source) Version(ctx context.Context) (v Version, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	err = s.end.get(ctx, "/json/version", &v)
	return v, err
}

// Run attaches to one target after the other until ctx is done, whose cause it
// returns. It records into rec and must be called once.
func (s *Source) Run(ctx context.Context, rec *recorder.Recorder) error {
	wait, said := retryFirst, ""
	for ctx.Err() == nil {
		begun := time.Now()
		err := s.once(ctx, rec)
		var taken *takenOver
		pause := lookEvery
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil: // it was attached: look again at once, unless that was hardly so
			wait, said = retryFirst, ""
			if time.Since(begun) > lookEvery {
				pause = 0
			}
		case errors.As(err, &taken):
			s.log.Warn("another client has taken the page over", "reason", taken.reason)
			pause = evicted
		case errors.Is(err, ErrNoTarget):
			said = s.say(rec, said, "waiting for a page", err)
			wait = retryFirst
		default:
			said = s.say(rec, said, "cannot look into the browser", err)
			pause, wait = wait, min(2*wait, retryMost)
		}
		sleep(ctx, pause)
	}
	return context.Cause(ctx)
}

// say logs a problem, which is new if the last one was another, and notes that there
// is no page. It returns the text.
func (s *Source) say(rec *recorder.Recorder, last, text string, err error) string {
	level := slog.LevelWarn
	if text == last {
		level = slog.LevelDebug
	}
	rec.UI.Lifecycle(recorder.StateStopped, time.Time{})
	s.log.Log(context.Background(), level, "no page", "state", text, "browser", s.end.base.Host, "target", s.opts.Target, "err", err)
	return text
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// once looks into one target until it is gone. An error says that it was not
// attached, or why it should not be again soon.
func (s *Source) once(ctx context.Context, rec *recorder.Recorder) error {
	t, ws, err := s.dial(ctx)
	if err != nil {
		return err
	}
	p := newPage(s, rec, t)
	s.set(p)
	err = p.run(ctx, ws)
	s.set(nil)
	s.log.Info("the page is gone", "target", t.ID, "reason", err)
	var taken *takenOver
	if errors.As(err, &taken) {
		return err
	}
	return nil
}

// dial finds the target and opens its WebSocket.
func (s *Source) dial(ctx context.Context) (Target, *websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	t, err := s.end.find(ctx, s.opts.Target)
	if err != nil {
		return t, nil, err
	}
	address, err := s.end.socket(t)
	if err != nil {
		return t, nil, err
	}
	ws, resp, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPClient: s.end.http, CompressionMode: websocket.CompressionDisabled,
	})
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	if err != nil {
		return t, nil, fmt.Errorf("attach to %s: %w", t.ID, err)
	}
	return t, ws, nil
}

func (s *Source) set(p *page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.page = p
}

func (s *Source) current() *page {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.page
}

// address returns a URL as it may be recorded.
func (s *Source) address(u string) string {
	if s.opts.Redact == nil {
		return u
	}
	return s.opts.Redact.URL(u)
}

// text returns what a page or the browser says as it may be recorded.
func (s *Source) text(t string) string {
	if s.opts.Redact == nil {
		return t
	}
	return s.opts.Redact.Text(t)
}

// host returns the host of an address, or "".
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
