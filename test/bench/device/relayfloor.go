package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// relayFloor is the least that a relay can do: it reads the parts of a camera and
// writes each, framed once, to whoever has connected. It keeps nothing, drops nothing
// but for those who are not done with the frame before, and knows no formats.
func relayFloor(cameraURL string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", l.Addr())
	join := make(chan chan []byte)
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { relayTo(w, join) }))
	}()
	frames := make(chan []byte)
	go func() {
		fmt.Fprintln(os.Stderr, "relay:", readParts(cameraURL, frames))
		os.Exit(1)
	}()
	var out []chan []byte
	for {
		select {
		case c := <-join:
			out = append(out, c)
		case f := <-frames:
			for _, c := range out {
				select {
				case c <- f:
				default:
				}
			}
		}
	}
}

// relayTo writes frames to one connection.
func relayTo(w http.ResponseWriter, join chan<- chan []byte) {
	nc, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer nc.Close()
	if _, err := io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"); err != nil {
		return
	}
	in := make(chan []byte, 1)
	join <- in
	for f := range in {
		var head [10]byte
		head[0], head[1] = 0x82, 127
		binary.BigEndian.PutUint64(head[2:], uint64(len(f)))
		if _, err := (&net.Buffers{head[:], f}).WriteTo(nc); err != nil {
			return
		}
	}
}

// readParts reads a multipart stream whose parts have a Content-Length.
func readParts(cameraURL string, out chan<- []byte) error {
	resp, err := http.Get(cameraURL)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	r := bufio.NewReaderSize(resp.Body, 64<<10)
	size := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		line = strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			if size, err = strconv.Atoi(v); err != nil {
				return err
			}
		}
		if line != "" || size == 0 {
			continue
		}
		f := make([]byte, size)
		if _, err := io.ReadFull(r, f); err != nil {
			return err
		}
		size = 0
		out <- f
	}
}

// startRelay starts the floor as a process of its own.
func startRelay(cameraURL string) (*server, error) {
	s := &server{cmd: exec.Command(os.Args[0], "-relay", cameraURL)}
	return s, s.begin()
}
