package wsconn

import (
	"io"

	"github.com/gobwas/ws"
)

// maxControl bounds the control frames that wait; a peer that makes us answer
// pings but reads nothing does not make memory grow.
const maxControl = 16

// checkIn pings the peer, or ends a connection that the peer may no longer have.
func (c *Conn) checkIn() {
	if c.still != nil && !c.still() {
		c.Close(CodePolicy, "the credentials do not hold any more")
		return
	}
	c.ping()
}

// ping asks the peer for a sign of life.
func (c *Conn) ping() { c.sendControl(ws.OpPing, nil) }

func (c *Conn) sendControl(op ws.OpCode, payload []byte) {
	frame := append(appendHeader(make([]byte, 0, 2+len(payload)), op, 0, len(payload)), payload...)
	c.mu.Lock()
	fits := len(c.control) < maxControl && !c.said
	if fits {
		c.control = append(c.control, frame)
	}
	c.mu.Unlock()
	if fits {
		c.wake()
	}
}

// readControl handles a control frame. Its header was checked.
func (c *Conn) readControl(src io.Reader, h ws.Header) error {
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(src, payload); err != nil {
		return readError(err)
	}
	ws.Cipher(payload, h.Mask, 0)
	switch h.OpCode {
	case ws.OpPing:
		c.sendControl(ws.OpPong, payload)
	case ws.OpPong:
		c.acknowledged(payload)
	case ws.OpClose:
		code, err := closeReply(payload)
		if err != nil {
			return err
		}
		c.close(code, "", ErrPeerClosed)
		return errCloseFrame
	}
	return nil
}
