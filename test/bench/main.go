// Command bench measures the delivery path against the least that a Go program
// can do ("floor"), in the same run, and prints Markdown.
//
// Each server under test runs as a child process of its own, so that its CPU
// time can be read apart from that of the clients. All traffic is loopback.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"time"
)

func main() {
	role := flag.String("role", "", "internal: run as the server of this name")
	seconds := flag.Int("seconds", 3, "length of one measurement")
	rounds := flag.Int("rounds", 2, "how often a measurement is repeated; the best runs are compared")
	only := flag.String("only", "", "run only the measurements whose name has this prefix")
	binary := flag.String("binary", "", "a heliograph binary, for what a connection of the real daemon costs")
	flag.Parse()
	if *role != "" {
		serve(*role)
		return
	}
	b := bench{length: time.Duration(*seconds) * time.Second, rounds: *rounds, only: *only, binary: *binary}
	if err := b.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// command is what the parent writes to a server's standard input, one JSON
// object a line; the server answers each with a result.
type command struct {
	Publish int    `json:"publish,omitempty"` // messages per second, 0 = as fast as the clients take them
	For     int    `json:"for,omitempty"`     // milliseconds
	Op      string `json:"op"`
}

// result is what a server tells about itself.
type result struct {
	Addr      string  `json:"addr,omitempty"`
	CPU       float64 `json:"cpu"`       // seconds of user and system time since the last command
	RSS       int64   `json:"rss"`       // bytes
	Published uint64  `json:"published"` // messages
	Seconds   float64 `json:"seconds"`
}

// child is a server under test.
type child struct {
	cmd *exec.Cmd
	in  *json.Encoder
	out *json.Decoder
	end func()
}

func startChild(role string) (*child, result, error) {
	cmd := exec.Command(os.Args[0], "-role", role)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, result{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, result{}, err
	}
	if err := cmd.Start(); err != nil {
		return nil, result{}, err
	}
	c := &child{cmd: cmd, in: json.NewEncoder(in), out: json.NewDecoder(out)}
	c.end = func() { _ = in.Close(); _ = cmd.Wait() }
	var r result
	if err := c.out.Decode(&r); err != nil {
		c.end()
		return nil, r, fmt.Errorf("start server %s: %w", role, err)
	}
	return c, r, nil
}

func (c *child) do(cmd command) (r result, err error) {
	if err := c.in.Encode(cmd); err != nil {
		return r, err
	}
	err = c.out.Decode(&r)
	return r, err
}
