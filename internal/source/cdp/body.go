package cdp

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/chromedp/cdproto/network"

	"github.com/heliograph/heliograph/internal/recorder"
)

// fetch asks for the bodies of a hop that has ended. They are asked for at once,
// since the browser keeps them for a while only, but not all at the same time.
func (n *exchanges) fetch(h *hop) {
	limit := n.page.rec.Network.BodyLimit()
	response := !h.bodiless()
	switch {
	case limit == 0:
		h.x.RequestBody.Truncated = h.x.RequestSize != 0
		h.x.ResponseBody.Truncated = response
		return
	case h.x.ResponseSize > maxBody || h.decoded > maxBody:
		h.x.ResponseBody.Truncated, response = true, false
	}
	if !response && !h.posted {
		return
	}
	h.fetches++ // so that it is not recorded while it is in the queue
	n.waiting = append(n.waiting, h)
	n.next()
}

// next asks for bodies that wait.
func (n *exchanges) next() {
	for n.fetching < maxFetching && len(n.waiting) > 0 {
		h := n.waiting[0]
		n.waiting = n.waiting[1:]
		if h.posted {
			n.ask(h, network.CommandGetRequestPostData, network.GetRequestPostDataParams{RequestID: network.RequestID(h.chain.id)}, h.tookPost)
		}
		if h.x.Error == "" && !h.bodiless() && !h.x.ResponseBody.Truncated {
			n.ask(h, network.CommandGetResponseBody, network.GetResponseBodyParams{RequestID: network.RequestID(h.chain.id)}, h.tookBody)
		}
		h.fetches--
		n.settle(h.chain)
	}
}

func (n *exchanges) ask(h *hop, method string, params any, took func(json.RawMessage, error, int)) {
	n.fetching++
	h.fetches++
	n.page.call(h.chain.session, method, params, func(result json.RawMessage, err error) {
		n.fetching--
		h.fetches--
		took(result, err, n.page.rec.Network.BodyLimit())
		n.settle(h.chain)
		n.next()
	})
}

// tookBody takes the answer to the question for a response's body.
func (h *hop) tookBody(result json.RawMessage, err error, limit int) {
	var body struct {
		Body   string `json:"body"`
		Base64 bool   `json:"base64Encoded"`
	}
	if err == nil {
		err = json.Unmarshal(result, &body)
	}
	data, err := content(body.Body, body.Base64, err)
	if err != nil { // the browser has it no more, or never had
		h.x.ResponseBody = recorder.Body{Truncated: true}
		return
	}
	h.x.ResponseBody = bodyOf(data, limit)
}

// tookPost takes the answer to the question for a request's body.
func (h *hop) tookPost(result json.RawMessage, err error, limit int) {
	var body struct {
		Data   string `json:"postData"`
		Base64 bool   `json:"base64Encoded"`
	}
	if err == nil {
		err = json.Unmarshal(result, &body)
	}
	data, err := content(body.Data, body.Base64, err)
	if err != nil {
		h.x.RequestBody.Truncated = true
		return
	}
	if h.x.RequestSize < 0 {
		h.x.RequestSize = int64(len(data))
	}
	h.x.RequestBody = bodyOf(data, limit)
}

// content decodes what the browser sends of a body.
func content(text string, encoded bool, err error) ([]byte, error) {
	if err != nil || !encoded {
		return []byte(text), err
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("decode a body: %w", err)
	}
	return data, nil
}

// bodyOf cuts a body, into memory of its own.
func bodyOf(data []byte, limit int) recorder.Body {
	if len(data) > limit {
		return recorder.Body{Data: append([]byte(nil), data[:limit]...), Truncated: true}
	}
	return recorder.Body{Data: data}
}
