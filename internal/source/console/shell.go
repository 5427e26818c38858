package console

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// shellPath returns the shell to run: the configured one as it is, else $SHELL,
// else /bin/bash, else /bin/sh. What is in $SHELL to keep an account from
// logging in (nologin, false) is no shell.
func shellPath(configured, fromEnv string) string {
	if configured != "" {
		return configured
	}
	for _, path := range []string{fromEnv, "/bin/bash"} {
		if isShell(path) {
			return path
		}
	}
	return "/bin/sh"
}

func isShell(path string) bool {
	if !filepath.IsAbs(path) || slices.Contains([]string{"nologin", "false", "true"}, filepath.Base(path)) {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// shellArgs returns the arguments that make a shell interactive. Shells other
// than bash and sh find that out from the terminal.
func shellArgs(path string) []string {
	switch filepath.Base(path) {
	case "bash":
		return []string{"--login", "-i"}
	case "sh":
		return []string{"-i"}
	}
	return nil
}

// shellCommand returns the command that runs the shell as the leader of a new
// session with terminal as its controlling terminal.
func shellCommand(path, dir string, env []string, terminal *os.File) *exec.Cmd {
	return &exec.Cmd{
		Path: path, Args: append([]string{path}, shellArgs(path)...),
		Dir: dir, Env: env,
		Stdin: terminal, Stdout: terminal, Stderr: terminal,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true, Setctty: true},
	}
}

// inherited names the variables of the server that a shell gets; names that end
// in an underscore are prefixes. Everything else stays with the server, because
// its environment may hold tokens and passwords.
func inherited(name string) bool {
	switch name {
	case "PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "HOSTNAME",
		"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY":
		return true
	}
	return strings.HasPrefix(name, "LC_")
}

// shellEnv returns the environment of a shell: the inherited part of the
// server's, what a login sets, and then extra, whose entries win.
func shellEnv(server, extra []string, shell string) []string {
	values := map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		// The wire is UTF-8; without any locale, programs would print "?".
		"LANG": "C.UTF-8",
	}
	if u, err := user.Current(); err == nil {
		values["USER"], values["LOGNAME"], values["HOME"] = u.Username, u.Username, u.HomeDir
	}
	put := func(entry string) {
		if name, value, found := strings.Cut(entry, "="); found && name != "" {
			values[name] = value
		}
	}
	for _, entry := range server {
		if name, _, _ := strings.Cut(entry, "="); inherited(name) {
			put(entry)
		}
	}
	values["TERM"], values["SHELL"] = "xterm-256color", shell
	for _, entry := range extra {
		put(entry)
	}
	env := make([]string, 0, len(values))
	for name, value := range values {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

// shellDir returns the directory a shell begins in: the configured one, else
// the home directory of env if it can be entered, else the root.
func shellDir(configured string, env []string) string {
	if configured != "" {
		return configured
	}
	for _, entry := range env {
		if home, found := strings.CutPrefix(entry, "HOME="); found {
			if info, err := os.Stat(home); err == nil && info.IsDir() {
				return home
			}
		}
	}
	return "/"
}

// startShell starts the shell on a new terminal.
func startShell(path, dir string, env []string, size Size) (*tty, *process, error) {
	t, slave, err := openTTY(size)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = slave.Close() }()
	p, err := startProcess(shellCommand(path, dir, env, slave))
	if err != nil {
		t.close()
		return nil, nil, fmt.Errorf("start shell %s: %w", path, err)
	}
	return t, p, nil
}
