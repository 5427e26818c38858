// Command proxy measures the capturing proxy of "heliograph run" against a bare one of
// the library goproxy, and prints Markdown rows. Each proxy is a process of its own;
// the server and the clients are this one. All traffic is loopback.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/test/bench/usage"
)

func main() {
	binary := flag.String("binary", "bin/heliograph", "the program to measure")
	rounds := flag.Int("rounds", 11, "how often each way is measured, in turns; the middle one counts")
	length := flag.Duration("length", 1500*time.Millisecond, "length of one measurement")
	floor := flag.String("floor", "", "internal: be one of the proxies to compare with")
	flag.Parse()
	err := error(nil)
	if *floor != "" {
		err = serveFloor(*floor)
	} else {
		err = run(*binary, *rounds, *length)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const bareName = "goproxy as it comes, capturing"

// way is how requests reach the server.
type way struct {
	name   string
	proxy  *proxy // nil: directly
	rates  []float64
	micros []float64 // of the proxy's CPU time, per request
}

func run(binary string, rounds int, length time.Duration) error {
	target, err := startTarget()
	if err != nil {
		return err
	}
	defer target.Close()
	ways := []*way{{name: "direct"}}
	for _, w := range []struct {
		name string
		cmd  *exec.Cmd
	}{
		{"httputil.ReverseProxy, which captures nothing", exec.Command(os.Args[0], "-floor", "reverse")},
		{bareName, exec.Command(os.Args[0], "-floor", "bare")},
		{"goproxy that keeps its connections to servers, capturing", exec.Command(os.Args[0], "-floor", "tuned")},
		{"heliograph run", exec.Command(binary, "run", "--listen", "127.0.0.1:0", "--announce", "none", "--", "sh", "-c", `echo "$HTTP_PROXY"; exec sleep 600`)},
	} {
		p, err := startProxy(w.cmd)
		if err != nil {
			return err
		}
		defer p.stop()
		ways = append(ways, &way{name: w.name, proxy: p})
	}
	for range rounds {
		for _, w := range ways {
			if err := w.measure("http://"+target.Addr().String(), length); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
		}
	}
	report(ways)
	return nil
}

func report(ways []*way) {
	fmt.Println("| Way | Requests/s | Of the bare library | CPU of the proxy per request | RSS of the proxy |")
	fmt.Println("|---|---|---|---|---|")
	bare := ways[slices.IndexFunc(ways, func(w *way) bool { return w.name == bareName })]
	for _, w := range ways {
		ratios := make([]float64, len(w.rates))
		for i := range ratios {
			ratios[i] = w.rates[i] / bare.rates[i]
		}
		cost := "| |"
		if w.proxy != nil {
			cost = fmt.Sprintf("%.0f µs | %.0f MiB |", middle(w.micros), float64(w.proxy.rss())/(1<<20))
		}
		fmt.Printf("| %s | %.0f | %.2f | %s\n", w.name, middle(w.rates), middle(ratios), cost)
	}
}

func (w *way) measure(target string, length time.Duration) error {
	before := w.proxy.cpu()
	n, took, err := load(target, w.proxy, length)
	if err != nil {
		return err
	}
	w.rates = append(w.rates, float64(n)/took.Seconds())
	w.micros = append(w.micros, float64((w.proxy.cpu()-before).Microseconds())/float64(n))
	return nil
}

func middle(list []float64) float64 { return slices.Sorted(slices.Values(list))[len(list)/2] }

// startTarget serves 1 KiB of JSON.
func startTarget() (net.Listener, error) {
	item := `{"id":12345,"name":"some thing","price":9.99,"ok":true}`
	body := `{"items":[` + strings.Repeat(item+",", 17) + item + `]}`
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go func() {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, body)
		}))
	}()
	return l, nil
}

// proxy is a proxy under measurement, a process.
type proxy struct {
	cmd *exec.Cmd
	url string
}

// startProxy starts a process that prints its proxy's URL as the first line.
func startProxy(cmd *exec.Cmd) (*proxy, error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &proxy{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	if p.url = strings.TrimSpace(line); err != nil || p.url == "" {
		p.stop()
		return nil, fmt.Errorf("start %s: it did not say where its proxy is", cmd.Path)
	}
	return p, nil
}

func (p *proxy) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// cpu returns what the process has used; 0 without a proxy.
func (p *proxy) cpu() time.Duration {
	if p == nil {
		return 0
	}
	return usage.CPU(p.cmd.Process.Pid)
}

func (p *proxy) rss() int64 { return usage.RSS(p.cmd.Process.Pid) }
