package channels

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// 3.6, 9.1: a new shell: ready comes first and tells what it is.
func TestConsoleReady(t *testing.T) {
	d := start(t)
	c := open(t, d, "cols=100&rows=30")
	if c.ready.Shell != "/bin/bash" || c.ready.Cols != 100 || c.ready.Rows != 30 || len(c.ready.SessionID) != 36 {
		t.Errorf("ready %+v", c.ready)
	}
	c.run("stty size")
	c.expect("30 100")
	s := c.summary()
	if s.Shell != "/bin/bash" || s.Cols != 100 || s.Rows != 30 || s.Closed || s.ExitCode != nil || s.ClientCount != 1 {
		t.Errorf("listed as %+v", s)
	}
	c.run("echo $((6*7))")
	c.expect("42")
}

// 3.6: which shell is run, how, and in which environment.
func TestConsoleShell(t *testing.T) {
	for _, c := range []struct {
		name, shell, config, want string
		login                     bool
	}{
		{"SHELL", "/bin/sh", "", "/bin/sh", false},
		{"no SHELL", "", "", "/bin/bash", true},
		{"setting", "/bin/bash", "console:\n  shell: /bin/sh\n", "/bin/sh", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := device.Start(t, device.Options{Env: []string{"SHELL=" + c.shell, "TERM=dumb", "SECRET=hidden"}, Config: c.config})
			c1 := open(t, d, "")
			if c1.ready.Shell != c.want {
				t.Errorf("shell %s, want %s", c1.ready.Shell, c.want)
			}
			c1.run(`echo "term"=$TERM= "home"=$HOME= "secret"=$SECRET= "flags"=$-=`)
			c1.expect("term=xterm-256color= home=" + d.Home + "= secret==")
			c1.expect("flags=")
			c1.expect("=")
			if flags := c1.seen.String()[:c1.read]; !strings.Contains(flags[strings.LastIndex(flags, "flags="):], "i") {
				t.Errorf("not interactive: %q", flags)
			}
			if c.login {
				c1.run("shopt -q login_shell && echo is$((1))login")
				c1.expect("is1login")
			}
		})
	}
}

// 3.6: input as text and as bytes that are no text.
func TestConsoleInput(t *testing.T) {
	d := start(t)
	c := open(t, d, "")
	c.SendBinary([]byte("echo bi$((1))nary\r"))
	c.expect("bi1nary")
	c.run("echo 'üñ€😀' | od -An -tx1")
	c.expect("c3 bc c3 b1 e2 82 ac f0 9f 98 80 0a")
	c.run("PS1='at the '\"prompt> \"") // which its echo does not hold in one piece
	c.expect("at the prompt> ")
	c.run("stty raw -echo; echo re$((1))ady; head -c 6 | od -An -tx1; stty sane")
	c.expect("re1ady")
	c.SendBinary([]byte{0xff, 0x00, 0x80})
	c.SendBinary([]byte{0x03, 0xfe, 0x0d})
	c.expect("ff 00 80 03 fe 0d")
	c.expect("at the prompt> ") // before it, the terminal may still be changing hands
	c.input("\x04")             // the end of input ends the shell
	if code := c.expectExit(); code != 0.0 {
		t.Errorf("exit code %v", code)
	}
}

// 3.6, 9.2: text that is no console message gives an error; the socket stays
// open and the shell does not see it.
func TestConsoleInvalidInput(t *testing.T) {
	d := start(t)
	c := open(t, d, "")
	c.run("echo up$((1))")
	c.expect("up1")
	for _, text := range []string{
		"", "ls", "[]", "null", "5", `{"type":"input"}`, `{"type":"input","data":5}`, `{"type":"input","data":null}`,
		`{"type":"exec","data":"ls"}`, `{"data":"ls"}`, `{}`, `{"type":"resize"}`, `{"type":"resize","cols":80}`,
		`{"type":"resize","cols":-80,"rows":24}`, `{"type":"resize","cols":"80","rows":24}`, `{"type":"resize","cols":80.5,"rows":24}`,
		`{"type":"input","data":"x"`, `{"type":"resize","cols":{},"rows":[]}`,
	} {
		c.Send(text)
		m := c.Find("the error", func(m device.Message) bool {
			if m.Type() == "output" {
				c.take(m)
			}
			return m.Type() != "output"
		})
		if message, _ := m.Map()["message"].(string); m.Type() != "error" || !strings.HasPrefix(message, "invalid input: ") || len(message) < 20 {
			t.Errorf("%s: answered with %s", text, m.Data)
		}
	}
	c.run("echo still$((1))")
	c.expect("still1")
	if strings.Contains(c.seen.String(), "exec") {
		t.Errorf("the shell got what was refused: %q", c.seen.String())
	}
}

// 3.6, 9.3: a resize is clamped and applied, and all viewers share one size.
func TestConsoleResize(t *testing.T) {
	d := start(t)
	c := open(t, d, "")
	for _, r := range []struct{ cols, rows, wantCols, wantRows int }{
		{132, 43, 132, 43}, {1, 1, 40, 12}, {0, 0, 40, 12}, {65535, 65535, 320, 160}, {70000, 1 << 40, 320, 160}, {320, 160, 320, 160}, {41, 13, 41, 13},
	} {
		c.SendJSON(map[string]any{"type": "resize", "cols": r.cols, "rows": r.rows})
		c.run("echo size is $(stty size) now")
		c.expect(fmt.Sprintf("size is %d %d now", r.wantRows, r.wantCols))
		if s := c.summary(); int(s.Cols) != r.wantCols || int(s.Rows) != r.wantRows {
			t.Errorf("listed as %d x %d, want %d x %d", s.Cols, s.Rows, r.wantCols, r.wantRows)
		}
	}
	other := open(t, d, "cols=200&rows=50&sessionId="+c.ready.SessionID) // its size is ignored
	if other.ready.Cols != 41 || other.ready.Rows != 13 {
		t.Errorf("the second viewer is told %+v", other.ready)
	}
}

// 3.6: viewers share a session: all get all output, input comes from all.
func TestConsoleSharing(t *testing.T) {
	d := start(t)
	first := open(t, d, "")
	first.run("PS1='> '; echo beg$((1))in")
	first.expect("beg1in")
	viewers := []*terminal{first, first.attach(), first.attach()}
	for _, v := range viewers[1:] {
		v.expect("beg1in") // from the replay
	}
	for i := range 30 {
		v := viewers[i%3]
		v.run(fmt.Sprintf("echo n%d.$((1))", i))
		for _, w := range viewers {
			w.expect(fmt.Sprintf("n%d.1", i))
		}
	}
	if n := first.summary().ClientCount; n != 3 {
		t.Errorf("%d clients are counted", n)
	}
	// Input goes in in the order of arrival: of one viewer as it was sent, of
	// several as they see each other type.
	first.run("echo rea$((1))dy; cat > " + d.Home + "/typed; echo do$((1))ne")
	first.expect("rea1dy")
	var want strings.Builder
	for i := range 200 {
		v := viewers[i/20%3]
		line := fmt.Sprintf("line %d.", i)
		want.WriteString(line + "\n")
		if i%2 == 0 {
			v.run(line)
		} else {
			v.SendBinary([]byte(line + "\r"))
		}
		if i%20 == 19 {
			v.expect(line + "\r\n")
		}
	}
	viewers[1].input("\x04")
	first.expect("do1ne")
	if got, _ := os.ReadFile(d.Home + "/typed"); string(got) != want.String() {
		t.Errorf("typed:\n%s", got)
	}
}

// 3.6: characters come whole, also when they are printed byte by byte; bytes
// that can never be valid become U+FFFD.
func TestConsoleUTF8(t *testing.T) {
	d := start(t)
	c := open(t, d, "")
	c.run(`stty -onlcr; echo sta$((1))rt`)
	c.expect("sta1rt\n")
	for _, r := range []struct{ print, want string }{
		{`'\342'; sleep 0.1; printf '\202'; sleep 0.1; printf '\254.'`, "€."},
		{`'\360'; sleep 0.1; printf '\237\230'; sleep 0.1; printf '\200.'`, "😀."},
		{`'A\377B\376C.'`, "A\uFFFDB\uFFFDC."},
		{`'x\303(y.'`, "x\uFFFD(y."},
		{`'\355\240\200.'`, "\uFFFD\uFFFD\uFFFD."}, // a surrogate
		{`'\300\257.'`, "\uFFFD\uFFFD."},           // too long a form
		{`'\342\202'; sleep 0.1; printf 'Z.'`, "\uFFFDZ."},
	} {
		c.run("clear; printf '<%s' ''; printf " + r.print + "; echo '>'")
		c.expect("\x1b[H\x1b[2J") // clear
		from := c.read
		c.expect(">\n")
		if got := c.seen.String()[from:c.read]; !strings.HasSuffix(got, "<"+r.want+">\n") {
			t.Errorf("printf %s: %q, want %q", r.print, got, r.want)
		}
	}
	// An end in the middle of a character.
	c.run(`printf 'end\342\202'; exit`)
	c.expectExit()
	if got := c.seen.String(); !strings.Contains(got, "end\uFFFD") {
		t.Errorf("the cut character at the end: %q", got[max(0, len(got)-40):])
	}
}

// 3.6, 9.3: the replay is the newest 512 KiB, and begins with a whole character.
func TestConsoleReplay(t *testing.T) {
	d := start(t)
	c := open(t, d, "")
	// Three bytes a character: 512 KiB is no multiple of it.
	c.run(`PS1='$ '; stty -onlcr; for i in $(seq 1 6000); do printf '%05d€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€\n' $i; done; echo fin$((1))ished`)
	c.expect("fin1ished")
	c.Ping()
	whole := c.seen.String()
	late := c.attach()
	late.expect("fin1ished")
	replay := late.seen.String()[:late.read]
	if n := len(replay); n > 512<<10 || n < 500<<10 {
		t.Errorf("the replay has %d bytes", n)
	}
	if !utf8.ValidString(replay) || strings.ContainsRune(replay, utf8.RuneError) {
		t.Error("the replay cuts a character")
	}
	if !strings.HasSuffix(whole[:c.read], replay) {
		t.Error("the replay is not the end of the output")
	}
}

// 3.6, 2.4: Ctrl-C gets through while a flood is shown and after it was not
// read for a while; memory does not grow with the flood.
func TestConsoleInterruptsFlood(t *testing.T) {
	d := start(t)
	c := open(t, d, "")
	c.run("PS1='$ '; echo go$((1))")
	c.expect("go1")
	before := d.RSS()
	c.run("yes 'a line of a flood that does not end by itself'")
	for range 2000 {
		c.Next()
	}
	stopped := d.DialWith("/v1/ws/console?sessionId="+c.ready.SessionID, device.DialOptions{Manual: true, ReceiveBuffer: 4 << 10})
	for range 2000 {
		c.Next()
	}
	c.input("\x03")
	sent := time.Now()
	c.run("echo interrup$((1))ted")
	var tail string
	c.Find("the prompt", func(m device.Message) bool {
		tail += m.Map()["data"].(string)
		tail = tail[max(0, len(tail)-8192):]
		return strings.Contains(tail, "interrup1ted")
	})
	t.Logf("Ctrl-C took %v beside a viewer that does not read", time.Since(sent))
	stopped.Drop()
	if grown := d.RSS() - before; grown > 40<<20 && !device.Race {
		t.Errorf("the server has grown by %d MiB", grown>>20)
	}
}
