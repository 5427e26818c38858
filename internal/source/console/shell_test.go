package console

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRealShellPrintsAndExits(t *testing.T) {
	for _, shell := range []string{"/bin/sh", "/bin/bash"} {
		s := create(t, newManager(t, Options{Shell: shell}))
		if info := s.Info(); info.Shell != shell || info.Closed || info.Size != DefaultSize() {
			t.Errorf("got %+v", info)
		}
		v := attach(t, s)
		send(t, s, "echo $((6*7))-$TERM; exit 7\n")
		text := v.rest(t)
		if !strings.Contains(text, "42-xterm-256color") {
			t.Errorf("%s printed %q", shell, text)
		}
		if info := wait(t, s); !info.Closed || info.ExitCode == nil || *info.ExitCode != 7 {
			t.Errorf("%s: got %+v, want exit code 7", shell, info)
		}
	}
}

func TestBashIsInteractiveLoginShell(t *testing.T) {
	s := create(t, newManager(t, Options{Shell: "/bin/bash"}))
	v := attach(t, s)
	send(t, s, "shopt -q login_shell && echo login-$?; echo flags-$-; exit\n")
	text := v.rest(t)
	if !strings.Contains(text, "login-0\r\n") || !strings.Contains(text, "flags-himB") {
		t.Errorf("bash printed %q", text)
	}
}

func TestSignalledShellHasNoExitCode(t *testing.T) {
	s := newShell(t)
	v := attach(t, s)
	send(t, s, "kill -9 $$\n")
	v.rest(t)
	if info := wait(t, s); !info.Closed || info.ExitCode != nil {
		t.Errorf("got %+v", info)
	}
}

func TestServerSecretsStayWithTheServer(t *testing.T) {
	t.Setenv("HELIOGRAPH_TOKEN", "sesame-open")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "sesame-open")
	t.Setenv("LC_PAPER", "de_DE.UTF-8")
	s := create(t, newManager(t, Options{Shell: "/bin/sh", Env: []string{"EXTRA=given"}}))
	v := attach(t, s)
	send(t, s, "env; exit\n")
	text := v.rest(t)
	if strings.Contains(text, "sesame") {
		t.Errorf("a secret is in %q", text)
	}
	for _, want := range []string{"EXTRA=given\r\n", "LC_PAPER=de_DE.UTF-8\r\n", "TERM=xterm-256color\r\n", "SHELL=/bin/sh\r\n", "HOME=", "PATH="} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
}

func TestShellPath(t *testing.T) {
	plain := t.TempDir() + "/notes"
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ configured, env, want string }{
		{"/x/y", "/bin/sh", "/x/y"},
		{"", "/bin/sh", "/bin/sh"},
		{"", "", "/bin/bash"},
		{"", "/usr/sbin/nologin", "/bin/bash"},
		{"", "/bin/false", "/bin/bash"},
		{"", "bin/sh", "/bin/bash"},
		{"", "/does/not/exist", "/bin/bash"},
		{"", plain, "/bin/bash"},
	}
	for _, test := range tests {
		if got := shellPath(test.configured, test.env); got != test.want {
			t.Errorf("shellPath(%q, %q) = %q, want %q", test.configured, test.env, got, test.want)
		}
	}
}

func TestShellEnvWithoutAny(t *testing.T) {
	env := shellEnv(nil, []string{"=bad", "bad", "TERM=dumb"}, "/bin/sh")
	for _, want := range []string{"LANG=C.UTF-8", "SHELL=/bin/sh", "TERM=dumb"} {
		if !slices.Contains(env, want) {
			t.Errorf("%q is not in %q", want, env)
		}
	}
	if slices.Contains(env, "=bad") || slices.Contains(env, "bad") {
		t.Errorf("malformed entries are in %q", env)
	}
}

func TestShellThatCannotBeStarted(t *testing.T) {
	m := newManager(t, Options{Shell: "/does/not/exist", MaxLive: 1})
	for range 3 { // a failure does not use up a place
		if _, err := m.Create(Size{}); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("got %v", err)
		}
	}
	m = newManager(t, Options{Shell: "/bin/sh", Dir: "/does/not/exist"})
	if _, err := m.Create(Size{}); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
}

// TestCharactersAreHeldBack: the shell prints a character in two halves, and
// between them waits for a line.
func TestCharactersAreHeldBack(t *testing.T) {
	s := newShell(t)
	v := attach(t, s)
	send(t, s, `stty -echo; echo re''ady; printf 'A\342\202'; read x; printf '\254B\377C\n'; printf '\360\237'; exit`+"\n")
	v.until(t, "ready\r\nA")
	if held := attach(t, s); !strings.HasSuffix(held.until(t, "ready\r\nA"), "ready\r\nA") {
		t.Error("the replay has more than the whole characters")
	}
	send(t, s, "\n")
	if got := v.rest(t); got != "€B\uFFFDC\r\n\uFFFD" {
		t.Errorf("got %q", got)
	}
}

func TestBinaryInputArrivesUnchanged(t *testing.T) {
	s := newRawHelper(t, "echo:0")
	v := attach(t, s)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	send(t, s, string(all)+"END")
	got := v.until(t, "END")
	var want cleaner
	var text []byte
	want.write(append(bytes.Clone(all), "END"...), func(p []byte) { text = append(text, p...) })
	if got != string(text) || !utf8.ValidString(got) {
		t.Errorf("got %q, want %q", got, text)
	}
}

func TestBytesReachTheProgram(t *testing.T) {
	s := newShell(t)
	v := attach(t, s)
	send(t, s, "stty raw -echo; echo re''ady; head -c 6 | od -An -v -tx1; stty sane\n")
	v.until(t, "ready")
	send(t, s, "\x00\x03\x04\xff\xc3\x1a")
	v.until(t, "00 03 04 ff c3 1a")
}

func TestResize(t *testing.T) {
	s := newShell(t)
	v := attach(t, s)
	tests := []struct{ give, want Size }{
		{Size{100, 50}, Size{100, 50}},
		{Size{0, 0}, Size{MinCols, MinRows}},
		{Size{65535, 65535}, Size{MaxCols, MaxRows}},
		{Size{132, 1}, Size{132, MinRows}},
	}
	for _, test := range tests {
		got, err := s.Resize(test.give)
		if err != nil || got != test.want || s.Info().Size != test.want {
			t.Fatalf("Resize(%v) = %v, %v, want %v", test.give, got, err, test.want)
		}
		send(t, s, "stty size\n")
		v.until(t, strconv.Itoa(int(test.want.Rows))+" "+strconv.Itoa(int(test.want.Cols))+"\r\n")
	}
	send(t, s, "trap 'echo win''ch' WINCH; echo set''up\n")
	v.until(t, "setup")
	if _, err := s.Resize(Size{90, 30}); err != nil {
		t.Fatal(err)
	}
	send(t, s, "\n")
	v.until(t, "winch")
	send(t, s, "exit\n")
	wait(t, s)
	if _, err := s.Resize(Size{80, 24}); !errors.Is(err, ErrEnded) {
		t.Errorf("resize after the end: %v", err)
	}
	if err := s.Write([]byte("x")); !errors.Is(err, ErrEnded) {
		t.Errorf("write after the end: %v", err)
	}
}
