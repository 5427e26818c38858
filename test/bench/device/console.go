package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/creack/pty"
)

const catSize = 100 << 20

// bulkFile writes a text of 100 MiB.
func bulkFile(dir string) (string, error) {
	path := filepath.Join(dir, "bulk.txt")
	line := strings.Repeat("0123456789abcdef", 5)[:79] + "\n"
	return path, os.WriteFile(path, bytes.Repeat([]byte(line), catSize/len(line)), 0o600)
}

// ptyFloor measures cat through a PTY with a reader that does nothing.
func ptyFloor() error {
	dir, err := os.MkdirTemp("", "heliograph-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, err := bulkFile(dir)
	if err != nil {
		return err
	}
	began := time.Now()
	f, err := pty.Start(exec.Command("cat", path))
	if err != nil {
		return err
	}
	n, _ := io.Copy(io.Discard, f) // ends with EIO
	row("console floor: cat of 100 MiB through a PTY, read and dropped", "%.0f MB/s", float64(n)/time.Since(began).Seconds()/1e6)
	return f.Close()
}

// console is an attached shell.
type console struct{ *websocket.Conn }

func (s *server) console() (console, error) {
	c, err := s.dial("/v1/ws/console")
	return console{c}, err
}

func (c console) send(text string) error {
	return c.Write(context.Background(), websocket.MessageBinary, []byte(text))
}

// output reads the next piece of output.
func (c console) output() (string, error) {
	for {
		_, data, err := c.Read(context.Background())
		if err != nil {
			return "", err
		}
		var m struct{ Type, Data string }
		if err := json.Unmarshal(data, &m); err != nil {
			return "", err
		}
		if m.Type == "output" {
			return m.Data, nil
		}
	}
}

// until reads output until it holds text.
func (c console) until(text string) error {
	var tail string
	for !strings.Contains(tail, text) {
		if len(tail) > 4096 {
			tail = tail[len(tail)-len(text):]
		}
		out, err := c.output()
		if err != nil {
			return err
		}
		tail += out
	}
	return nil
}

// ready waits until the shell obeys.
func (c console) ready() error {
	if err := c.send("stty -echo; PS1='$ '; echo READY$((40+2))\n"); err != nil {
		return err
	}
	return c.until("READY42\r\n$ ")
}

func catToClient(s *server) error {
	path, err := bulkFile(s.dir)
	if err != nil {
		return err
	}
	c, err := s.console()
	if err != nil {
		return err
	}
	defer c.CloseNow()
	if err := c.ready(); err != nil {
		return err
	}
	before, began := s.cpu(), time.Now()
	if err := c.send("cat " + path + "; echo DONE$((40+2))\n"); err != nil {
		return err
	}
	// Raw messages: unescaping JSON is the client's business, not the server's.
	for {
		_, data, err := c.Read(context.Background())
		if err != nil {
			return err
		}
		if bytes.Contains(data, []byte("DONE42")) {
			break
		}
	}
	took := time.Since(began)
	row("console, cat of 100 MiB to one client", "%.0f MB/s, %.2f CPU s of the server", catSize/took.Seconds()/1e6, (s.cpu() - before).Seconds())
	return nil
}

// echo measures the time from a key to its echo, alone or beside a flood in
// another session.
func echo(s *server, flood bool) error {
	what := "idle"
	if flood {
		what = "beside a flood"
		other, err := s.console()
		if err != nil {
			return err
		}
		defer other.CloseNow()
		if err := other.ready(); err != nil {
			return err
		}
		if err := other.send("yes\n"); err != nil {
			return err
		}
		go func() {
			for {
				if _, _, err := other.Read(context.Background()); err != nil {
					return
				}
			}
		}()
	}
	c, err := s.console()
	if err != nil {
		return err
	}
	defer c.CloseNow()
	if err := c.ready(); err != nil {
		return err
	}
	if err := c.send("stty echo; cat > /dev/null\n"); err != nil {
		return err
	}
	time.Sleep(200 * time.Millisecond)
	var times []time.Duration
	for i := range 500 {
		key := string(rune('a' + i%26))
		began := time.Now()
		if err := c.send(key); err != nil {
			return err
		}
		if err := c.until(key); err != nil {
			return err
		}
		times = append(times, time.Since(began))
		time.Sleep(2 * time.Millisecond)
	}
	slices.Sort(times)
	row("console, key to echo, "+what, "p50 %.2f ms, p99 %.2f ms", ms(times[len(times)/2]), ms(times[len(times)*99/100]))
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// ctrlC measures the time from Ctrl-C to the prompt while yes floods a client
// that reads 4 MB/s.
func ctrlC(s *server) error {
	var worst, sum time.Duration
	const rounds = 5
	for range rounds {
		took, err := interrupt(s)
		if err != nil {
			return err
		}
		worst, sum = max(worst, took), sum+took
	}
	row("console, Ctrl-C to prompt while yes floods a 4 MB/s reader", "mean %.0f ms, worst of %d: %.0f ms", ms(sum/rounds), rounds, ms(worst))
	return nil
}

func interrupt(s *server) (time.Duration, error) {
	c, err := s.console()
	if err != nil {
		return 0, err
	}
	defer c.CloseNow()
	if err := c.ready(); err != nil {
		return 0, err
	}
	if err := c.send("yes 0123456789abcdef0123456789abcdef; echo STOPPED$((40+2))\n"); err != nil {
		return 0, err
	}
	const rate = 4e6
	began, got := time.Now(), 0
	var pressed time.Time
	tail := ""
	for {
		_, data, err := c.Read(context.Background())
		if err != nil {
			return 0, err
		}
		got += len(data)
		if ahead := time.Duration(float64(got)/rate*1e9) - time.Since(began); ahead > 0 {
			time.Sleep(ahead)
		}
		if pressed.IsZero() && time.Since(began) > time.Second {
			pressed = time.Now()
			if err := c.send("\x03"); err != nil {
				return 0, err
			}
		}
		tail += string(data)
		if !pressed.IsZero() && strings.HasSuffix(strings.TrimSuffix(tail, `"}`), "$ ") {
			return time.Since(pressed), nil
		}
		if len(tail) > 64 {
			tail = tail[len(tail)-64:]
		}
		if time.Since(began) > 30*time.Second {
			return 0, fmt.Errorf("no prompt within 30 s; last output %q", tail)
		}
	}
}
