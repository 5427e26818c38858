package cdp

import (
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"

	"github.com/heliograph/heliograph/internal/recorder"
)

const (
	maxOpen        = 4096                   // chains
	maxRetired     = 1024                   // chains that are over, for what comes late
	maxFetching    = 16                     // bodies
	keptByBrowser  = 32 << 20               // bytes of bodies that the browser keeps for us
	maxBody        = 4 << 20                // of one of them
	extraPatience  = 500 * time.Millisecond // for headers that come apart from the rest
	orphanPatience = 10 * time.Second       // for the request that they belong to
	unreadPatience = time.Second            // for the page to read a body that has come
	movedPatience  = 2 * time.Second        // for the end of what goes on in another session
)

// exchanges follows the requests of a page. It belongs to the page's goroutine.
//
// The browser tells of a request by its id. What redirects make of it keeps the id:
// such a chain has several hops, each an exchange of its own. The headers as they
// were on the wire come in events of their own, before or after the others: the n-th
// of them belongs to the n-th hop that has any.
type exchanges struct {
	page     *page
	chains   map[string]*chain
	sockets  map[string]*hop
	retired  []string // ids of chains that are over, oldest first
	waiting  []*hop   // for a body, when too many are being fetched
	fetching int
	leftOut  int       // exchanges
	told     time.Time // when that was told
	offset   time.Duration
}

// chain is a request and its redirects.
type chain struct {
	id, session string
	since       time.Time
	hops        []*hop // those that are not recorded yet
	extras      int    // hops before them that had headers of their own
	sent        []network.Headers
	got         []extra
	closed      bool // the last hop has ended
	retired     bool // and is recorded
}

// extra is a response as it was on the wire.
type extra struct {
	status  int
	headers network.Headers
}

// hop is an exchange that is not over or not recorded.
type hop struct {
	x        recorder.Exchange
	chain    *chain
	begin    float64 // monotonic, in seconds
	response *network.Response
	hasExtra bool
	from     string // where a response came from, if not from the server
	encoded  int64  // bytes of the body as they came
	decoded  int64
	cameAt   time.Time // when the newest part of the response came; and of the browser's clock:
	came     float64
	frame    string    // that it is for
	loader   string    // of the document that it belongs to: its own id if it is that
	movedAt  time.Time // when that frame, or the worker that it is the script of, got a session of its own
	posted   bool      // there is a body that the browser has not sent along
	ended    bool
	endedAt  time.Time
	fetches  int // answers that are waited for
}

func (n *exchanges) init(p *page) {
	n.page, n.chains, n.sockets = p, map[string]*chain{}, map[string]*hop{}
}

// enabling are the parameters that switch the events on.
func (n *exchanges) enabling() network.EnableParams {
	return network.EnableParams{
		MaxTotalBufferSize: ref[int64](keptByBrowser), MaxResourceBufferSize: ref[int64](maxBody),
		MaxPostDataSize: ref(int64(n.page.rec.Network.BodyLimit())),
	}
}

// open returns the chain of a request, a new one if need be; nil if there are too
// many.
func (n *exchanges) open(id network.RequestID, session string) *chain {
	c := n.chains[string(id)]
	if c == nil && len(n.chains)-len(n.retired) < maxOpen {
		c = &chain{id: string(id), session: session, since: time.Now()}
		n.chains[c.id] = c
	}
	return c
}

// last returns the hop of a request that is under way.
func (n *exchanges) last(id network.RequestID) *hop {
	c := n.chains[string(id)]
	if c == nil || len(c.hops) == 0 {
		return nil
	}
	h := c.hops[len(c.hops)-1]
	if h.ended {
		return nil
	}
	return h
}

// captured tells whether requests to an address are exchanges.
func captured(address string) bool {
	scheme, _, _ := strings.Cut(address, ":")
	return scheme == "http" || scheme == "https" || scheme == "ws" || scheme == "wss"
}

// willBeSent takes a request, or the next one after a redirect.
func (n *exchanges) willBeSent(session string, e *network.EventRequestWillBeSent) {
	if e.Request == nil || !n.page.rec.Network.Wants() {
		return
	}
	before := n.last(e.RequestID)
	switch {
	case before != nil && e.RedirectResponse != nil:
		before.hasExtra = e.RedirectHasExtraInfo
		before.respond(e.RedirectResponse)
		before.end(float64(e.Timestamp))
	case before != nil: // the same request, told by another session
		return
	}
	if !captured(e.Request.URL) {
		return
	}
	c := n.open(e.RequestID, session)
	if c == nil {
		n.leftOut++
		return
	}
	if c.closed {
		return // told by another session, and over already
	}
	n.offset = time.Duration((float64(e.WallTime) - float64(e.Timestamp)) * float64(time.Second))
	c.hops = append(c.hops, n.begin(c, e))
	n.settle(c)
}

// begin makes a hop of a request.
func (n *exchanges) begin(c *chain, e *network.EventRequestWillBeSent) *hop {
	h := &hop{chain: c, begin: float64(e.Timestamp), frame: string(e.FrameID), loader: string(e.LoaderID)}
	r := e.Request
	h.x.Start = time.UnixMicro(int64(float64(e.WallTime) * 1e6))
	h.x.Method, h.x.URL = strings.ToUpper(r.Method), r.URL
	h.x.RequestHeader = headers(r.Headers)
	h.x.RequestSize, h.x.ResponseSize = 0, -1
	if !r.HasPostData {
		return h
	}
	var body []byte
	whole := len(r.PostDataEntries) > 0
	for _, part := range r.PostDataEntries {
		whole = whole && part != nil && len(part.Bytes) > 0 // a file has none
		if part != nil {
			body = append(body, part.Bytes...)
		}
	}
	h.x.RequestBody = recorder.Body{Data: body, Truncated: !whole}
	h.x.RequestSize = int64(len(body))
	if !whole {
		h.x.RequestSize, h.posted = -1, true
	}
	return h
}

func (n *exchanges) sentExtra(session string, e *network.EventRequestWillBeSentExtraInfo) {
	if c := n.open(e.RequestID, session); c != nil {
		c.sent = append(c.sent, e.Headers)
		n.settle(c)
	}
}

func (n *exchanges) receivedExtra(session string, e *network.EventResponseReceivedExtraInfo) {
	if c := n.open(e.RequestID, session); c != nil {
		c.got = append(c.got, extra{status: int(e.StatusCode), headers: e.Headers})
		n.settle(c)
	}
}

func (n *exchanges) received(session string, e *network.EventResponseReceived) {
	h := n.last(e.RequestID)
	if h == nil || e.Response == nil {
		return
	}
	h.chain.session = session // it has the body
	h.hasExtra = e.HasExtraInfo
	h.respond(e.Response)
	h.came, h.cameAt = float64(e.Timestamp), time.Now()
}

func (n *exchanges) fromCache(_ string, e *network.EventRequestServedFromCache) {
	if h := n.last(e.RequestID); h != nil {
		h.from = "memory cache"
	}
}

func (n *exchanges) data(_ string, e *network.EventDataReceived) {
	if h := n.last(e.RequestID); h != nil {
		h.encoded += max(e.EncodedDataLength, 0)
		h.decoded += max(e.DataLength, 0)
		h.came, h.cameAt = float64(e.Timestamp), time.Now()
	}
}

// finished takes the end of a response, and asks for what was not sent along.
func (n *exchanges) finished(session string, e *network.EventLoadingFinished) {
	h := n.last(e.RequestID)
	if h == nil {
		return
	}
	h.chain.session = session
	n.over(h, float64(e.Timestamp), int64(e.EncodedBodyLength))
}

// over takes the end of a response.
func (n *exchanges) over(h *hop, at float64, whole int64) {
	if h.response != nil {
		h.size(whole)
	}
	h.end(at)
	h.chain.closed = true
	n.fetch(h)
	n.settle(h.chain)
}

// moved notes that a frame or worker has got a session of its own. The browser tells
// there how the document or script ends that it is made of, perhaps before we listen.
func (n *exchanges) moved(id string) {
	for _, c := range n.chains {
		h := n.last(network.RequestID(c.id))
		if h != nil && (c.id == id || h.frame == id && h.response != nil && c.id == h.loader) {
			h.movedAt = time.Now()
		}
	}
}

// failed takes the end of a request without a whole response.
func (n *exchanges) failed(_ string, e *network.EventLoadingFailed) {
	h := n.last(e.RequestID)
	if h == nil {
		return
	}
	h.x.Error = failure(e)
	if h.response != nil {
		h.size(0)
		h.x.ResponseBody.Truncated = true
	}
	h.end(float64(e.Timestamp))
	h.chain.closed = true
	if h.posted {
		n.fetch(h)
	}
	n.settle(h.chain)
}

// failure says why a request failed.
func failure(e *network.EventLoadingFailed) string {
	text := e.ErrorText
	switch {
	case e.BlockedReason != "":
		text += " (blocked: " + string(e.BlockedReason) + ")"
	case e.CorsErrorStatus != nil:
		text += " (blocked by CORS: " + string(e.CorsErrorStatus.CorsError) + ")"
	case e.Canceled:
		text += " (cancelled)"
	}
	if text = strings.TrimSpace(text); text == "" {
		return "failed"
	}
	return text
}

// settle records the hops that are complete, in their order. A chain that is over is
// known for a while: headers may come late, and other sessions may tell of it again.
func (n *exchanges) settle(c *chain) {
	now := time.Now()
	for len(c.hops) > 0 && c.hops[0].complete(now) {
		h := c.hops[0]
		c.hops = c.hops[1:]
		h.dress()
		n.page.rec.Network.Record(h.x)
	}
	if c.closed && len(c.hops) == 0 && !c.retired {
		c.retired = true
		n.retired = append(n.retired, c.id)
	}
	if len(n.retired) > maxRetired {
		delete(n.chains, n.retired[0])
		n.retired = n.retired[1:]
	}
}

// tick records what has waited long enough.
func (n *exchanges) tick(now time.Time) {
	if n.leftOut > 0 && now.Sub(n.told) > 5*time.Second {
		n.page.tell(recorder.Warning, fmt.Sprintf("%d requests were left out: more than %d are open", n.leftOut, maxOpen))
		n.leftOut, n.told = 0, now
	}
	if len(n.chains) == len(n.retired) {
		return
	}
	for id, c := range n.chains {
		if h := n.last(network.RequestID(id)); h != nil && (h.unread(now) || !h.movedAt.IsZero() && now.Sub(h.movedAt) > movedPatience) {
			n.over(h, max(h.came, h.begin), 0)
		}
		n.settle(c)
		if len(c.hops) == 0 && !c.retired && now.Sub(c.since) > orphanPatience {
			delete(n.chains, id) // headers whose request never came
		}
	}
}

// abandon records what is open when the page is gone.
func (n *exchanges) abandon() {
	const reason = "the page went away before the response had ended"
	for _, c := range n.chains {
		for _, h := range c.hops {
			if !h.ended {
				h.x.Error, h.x.Duration = reason, time.Since(h.x.Start)
				h.x.ResponseBody.Truncated = h.response != nil
			}
			h.dress()
			n.page.rec.Network.Record(h.x)
		}
	}
	for _, h := range n.sockets {
		h.x.Error, h.x.Duration = "the page went away", time.Since(h.x.Start)
		n.page.rec.Network.Record(h.x)
	}
	clear(n.chains)
	clear(n.sockets)
	n.waiting, n.retired = nil, nil
}
