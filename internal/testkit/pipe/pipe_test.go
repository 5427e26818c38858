package pipe_test

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/testkit/pipe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBytesArriveInOrderThroughASmallBuffer(t *testing.T) {
	a, b := pipe.New(3)
	go func() {
		_, _ = a.Write([]byte("heliograph"))
		_ = a.CloseWrite()
	}()
	got, err := io.ReadAll(b)
	if err != nil || string(got) != "heliograph" {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := b.Write([]byte("ok")); err != nil {
		t.Errorf("the other direction is closed too: %v", err)
	}
	_ = a.Close()
	if _, err := b.Write([]byte("ok")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("write to a closed end: %v", err)
	}
}

func TestDeadlinesLeaveTheConnectionUsable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe.New(4)
		began := time.Now()
		_ = a.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := a.Write([]byte("heliograph"))
		if n != 4 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Fatalf("wrote %d after %v: %v", n, time.Since(began), err)
		}
		_ = a.SetWriteDeadline(time.Time{})
		go func() { _, _ = a.Write([]byte("ograph")); _ = a.Close() }()
		if got, err := io.ReadAll(b); err != nil || string(got) != "heliograph" {
			t.Errorf("read %q, %v", got, err)
		}
		_ = b.SetReadDeadline(time.Now().Add(-time.Second))
		if _, err := b.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read after the deadline: %v", err)
		}
	})
}

func TestResetLosesWhatWasNotRead(t *testing.T) {
	a, b := pipe.New(16)
	_, _ = a.Write([]byte("lost"))
	if a.Unread() != 4 {
		t.Errorf("%d bytes unread", a.Unread())
	}
	a.Reset()
	if n, err := b.Read(make([]byte, 4)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read %d, %v", n, err)
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("write: %v", err)
	}
}
