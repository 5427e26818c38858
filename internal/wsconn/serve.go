package wsconn

import (
	"errors"
	"io"
	"net"
	"time"
)

// Serve reads until the connection ends and hands each message to onMessage,
// whose payload is valid during the call only. Pings, pongs and close frames
// are handled here. If onMessage returns an error, the connection is closed,
// with the code of a *CloseError or with 1011. While onMessage runs nothing
// else is read; once the connection is closing, messages are read and ignored.
// Serve returns the cause of the end, which is also that of Context. The
// transport is closed then.
func (c *Conn) Serve(onMessage func(kind Kind, payload []byte) error) error {
	c.served.Store(true)
	err := c.read(onMessage)
	var refuse *CloseError
	switch {
	case errors.As(err, &refuse):
		if refuse.Code != CodeInternal {
			c.hub.readErrors.Add(1)
		}
		c.close(refuse.Code, refuse.Reason, err)
		c.awaitGoodbye()
		c.discard(closeWait)
	case errors.Is(err, errCloseFrame):
		err = ErrPeerClosed
		c.awaitGoodbye()
		closeWrite(c.nc)
	case isTimeout(err) && unsent(c.nc) > 0:
		// The peer did not answer our close frame because it still reads what
		// was sent before. Closing now would cost it the rest as soon as it
		// sends something, a pong for example.
		c.discard(slowLinger)
	}
	c.finish(err)
	return c.endCause()
}

// finish closes the transport and gives everything back.
func (c *Conn) finish(err error) {
	c.abort(err)
	c.hub.remove(c)
	c.hub.opts.Logger.Debug("connection ended", "client", c.nc.RemoteAddr().String(), "err", c.endCause())
}

// discard half-closes the transport and reads until the peer has closed its
// side, so that the close frame is not lost to a reset.
func (c *Conn) discard(wait time.Duration) {
	closeWrite(c.nc)
	_ = c.nc.SetReadDeadline(time.Now().Add(wait))
	_, _ = io.Copy(io.Discard, c.nc)
}

// closeWrite tells the peer that nothing more will come.
func closeWrite(nc net.Conn) {
	if half, ok := nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
