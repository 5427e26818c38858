package childenv

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func make1(t *testing.T, opts Options) map[string]string {
	t.Helper()
	opts.Dir = t.TempDir()
	base := slices.Clone(opts.Base)
	env, err := Make(opts)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(base, opts.Base) {
		t.Error("the caller's environment was changed")
	}
	m := map[string]string{}
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		if _, twice := m[name]; twice {
			t.Errorf("%s is there twice", name)
		}
		m[name] = value
	}
	return m
}

func read(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("%s has mode %v", path, info.Mode())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestProxy(t *testing.T) {
	own := filepath.Join(t.TempDir(), "own.pem")
	if err := os.WriteFile(own, []byte("OWN"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := make1(t, Options{
		Base:  []string{"PATH=/bin", "no_proxy=.corp.test", "HTTP_PROXY=http://old:1", "SSL_CERT_FILE=" + own, "PIP_CERT=/missing", "NODE_OPTIONS=--max-old-space-size=99", "NODE_EXTRA_CA_CERTS=" + own},
		Proxy: "127.0.0.1:7", Authority: []byte("OURS"), Direct: []string{"127.0.0.1:9223"},
	})
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		if e[name] != "http://127.0.0.1:7" {
			t.Errorf("%s=%s", name, e[name])
		}
	}
	if e["NO_PROXY"] != ".corp.test,127.0.0.1:9223" || e["no_proxy"] != e["NO_PROXY"] || e["PATH"] != "/bin" {
		t.Errorf("environment %v", e)
	}
	for _, name := range append(replacing(), additive()...) {
		// SSL_CERT_FILE stands for the system's.
		if got := read(t, e[name]); got != "OWN\nOURS" {
			t.Errorf("%s names a file with %q", name, got)
		}
	}
	if o := e["NODE_OPTIONS"]; !strings.HasPrefix(o, `--require "/`) || !strings.HasSuffix(o, `preload.cjs" --max-old-space-size=99`) {
		t.Errorf("NODE_OPTIONS=%s", o)
	}
	if e["OTEL_EXPORTER_OTLP_ENDPOINT"] != "" {
		t.Error("a receiver is named that there is not")
	}
	e = make1(t, Options{Proxy: "127.0.0.1:7", Authority: []byte("OURS")})
	system := read(t, e["SSL_CERT_FILE"])
	if !strings.HasSuffix(system, "OURS") || len(systemRoots()) > 0 && !strings.Contains(system, "BEGIN CERTIFICATE") {
		t.Errorf("%d bytes of authorities", len(system))
	}
	if got := read(t, e["NODE_EXTRA_CA_CERTS"]); got != "OURS" {
		t.Errorf("Node is told to trust %q", got)
	}
}

func TestNoProxy(t *testing.T) {
	if e := make1(t, Options{Base: []string{"A=1"}}); len(e) != 1 || e["A"] != "1" {
		t.Errorf("environment %v", e)
	}
}

func TestTelemetry(t *testing.T) {
	const ours = "http://localhost:5"
	for _, c := range []struct {
		base               string
		endpoint, protocol string
	}{
		{"", ours, "http/protobuf"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL=http/json", ours, "http/json"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "", "grpc"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector", "http://collector", ""},
		{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://collector", "", ""},
	} {
		e := make1(t, Options{Base: []string{c.base}, OTLP: ours})
		if e["OTEL_EXPORTER_OTLP_ENDPOINT"] != c.endpoint || e["OTEL_EXPORTER_OTLP_PROTOCOL"] != c.protocol {
			t.Errorf("%s: %v", c.base, e)
		}
	}
}
