package config

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
)

// Config is everything that can be set. A key of the file is the path of yaml
// names to a field, such as auth.allow_hosts.
type Config struct {
	// Listen are the addresses to listen on: host:port, [ipv6]:port or :port for
	// all addresses. Port 0 picks a free one.
	Listen []string `yaml:"listen"`
	// StateDir holds tokens, sessions, certificate and journal. Empty means the
	// place that statedir.Default finds.
	StateDir string `yaml:"state_dir"`
	// Simulate names the devices to simulate, for trying things out.
	Simulate []string `yaml:"simulate"`

	TLS       TLS       `yaml:"tls"`
	Auth      Auth      `yaml:"auth"`
	Logs      Logs      `yaml:"logs"`
	Console   Console   `yaml:"console"`
	Telemetry Telemetry `yaml:"telemetry"`
	OTA       OTA       `yaml:"ota"`
	Limits    Limits    `yaml:"limits"`
}

// Default returns the settings that apply when nothing is said.
func Default() Config {
	return Config{
		Listen:    []string{"127.0.0.1:5800"},
		Simulate:  []string{},
		TLS:       defaultTLS(),
		Auth:      defaultAuth(),
		Logs:      defaultLogs(),
		Console:   defaultConsole(),
		Telemetry: defaultTelemetry(),
		OTA:       defaultOTA(),
		Limits:    defaultLimits(),
	}
}

// maxFile bounds the file, in bytes.
const maxFile = 1 << 20

// Load returns the defaults with the settings of the file at path over them. An
// empty path means no file. The result is not checked yet, see Check. The error
// lists everything that is wrong with the file.
func Load(path string) (Config, error) {
	if path == "" {
		return Default(), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	if len(data) > maxFile {
		return Config{}, fmt.Errorf("read the configuration: %s has more than %d bytes", path, maxFile)
	}
	return Parse(path, data)
}

// Parse is Load for the content of a file; name stands in messages.
func Parse(name string, data []byte) (Config, error) {
	c := Default()
	if err := decode(name, data, &c); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Check returns everything that is wrong with the settings, one line each, each
// beginning with the full key. It looks at no file and opens nothing.
func (c *Config) Check() error {
	p := &problems{}
	if len(c.Listen) == 0 {
		p.add("listen", "give at least one address, such as 127.0.0.1:5800")
	}
	for i, addr := range c.Listen {
		key := fmt.Sprintf("listen[%d]", i)
		switch err := checkAddr(addr); {
		case err != nil:
			p.add(key, "%v", err)
		case slices.Contains(c.Listen[:i], addr) && !anyPort(addr):
			p.add(key, "%q is listed twice", addr)
		}
	}
	simulated := regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	for i, name := range c.Simulate {
		if !simulated.MatchString(name) {
			p.add(fmt.Sprintf("simulate[%d]", i), "%q is no name of a simulation: use lower-case letters, digits and hyphens", name)
		}
	}
	c.TLS.check(p)
	c.Auth.check(p)
	c.Logs.check(p)
	c.Console.check(p)
	c.Telemetry.check(p)
	c.OTA.check(p)
	c.Limits.check(p)
	return errors.Join(p.errs...)
}

func checkAddr(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is no address: write host:port, [ipv6]:port or :port", addr)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("%q: the port is a number from 0 to 65535", addr)
	}
	if !regexp.MustCompile(`^[A-Za-z0-9._:%-]*$`).MatchString(host) {
		return fmt.Errorf("%q: the host is an address or a name of this machine", addr)
	}
	return nil
}

func anyPort(addr string) bool {
	_, port, _ := net.SplitHostPort(addr)
	return port == "0"
}

// problems collects what is wrong.
type problems struct {
	errs []error
}

func (p *problems) add(key, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
}
