package childenv

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Options of an environment.
type Options struct {
	// Base is the environment that is changed, as of os.Environ.
	Base []string
	// Proxy is host:port of the capturing proxy; empty means none.
	Proxy string
	// Authority are the certificates in PEM that the program shall trust besides those
	// of the system.
	Authority []byte
	// Direct are addresses host:port that are reached without the proxy.
	Direct []string
	// OTLP is the URL of a receiver for OpenTelemetry; empty means none.
	OTLP string
	// Dir is an existing folder, of mode 0700, for the files that the variables name.
	Dir string
}

// Make writes the files and returns the environment.
func Make(opts Options) ([]string, error) {
	env := variables(slices.Clone(opts.Base))
	if opts.OTLP != "" {
		env.telemetry(opts.OTLP)
	}
	if opts.Proxy == "" {
		return env, nil
	}
	if err := env.trust(opts.Dir, opts.Authority); err != nil {
		return nil, err
	}
	if err := env.preload(opts.Dir); err != nil {
		return nil, err
	}
	env.proxy(opts)
	return env, nil
}

// variables are NAME=VALUE; the last of a name counts.
type variables []string

func (v variables) get(name string) string {
	for i := len(v) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(v[i], name+"="); ok {
			return value
		}
	}
	return ""
}

func (v *variables) set(name, value string) {
	*v = append(slices.DeleteFunc(*v, func(s string) bool { return strings.HasPrefix(s, name+"=") }), name+"="+value)
}

func (v *variables) proxy(opts Options) {
	direct := v.get("no_proxy")
	if direct == "" {
		direct = v.get("NO_PROXY")
	}
	list := opts.Direct
	if direct != "" {
		list = append([]string{direct}, list...)
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		v.set(name, strings.Join(list, ","))
	}
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"} {
		v.set(name, "http://"+opts.Proxy)
	}
}

// additive are the variables that name authorities besides those that the program
// trusts anyway; replacing are those that name all of them.
func additive() []string { return []string{"NODE_EXTRA_CA_CERTS", "DENO_CERT"} }

func replacing() []string {
	return []string{
		"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO", "CARGO_HTTP_CAINFO",
		"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "PERL_LWP_SSL_CA_FILE", "HTTPLIB2_CA_CERTS", "NIX_SSL_CERT_FILE", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
	}
}

// trust writes the authorities to files.
func (v *variables) trust(dir string, authority []byte) error {
	extra, all := v.named(additive()), v.named([]string{"SSL_CERT_FILE"})
	if len(all) == 0 {
		all = systemRoots()
	}
	for _, path := range append(v.named(replacing()), extra...) {
		if !slices.Contains(all, path) {
			all = append(all, path)
		}
	}
	for _, f := range []struct {
		name  string
		paths []string
		vars  []string
	}{{"authority.pem", extra, additive()}, {"authorities.pem", all, replacing()}} {
		data, err := join(f.paths, authority)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, f.name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return fmt.Errorf("write the authorities: %w", err)
		}
		for _, name := range f.vars {
			v.set(name, path)
		}
	}
	return nil
}

// named returns the files that the user's variables name, each once.
func (v variables) named(names []string) (paths []string) {
	for _, name := range names {
		info, err := os.Stat(v.get(name))
		if err == nil && info.Mode().IsRegular() && !slices.Contains(paths, v.get(name)) {
			paths = append(paths, v.get(name))
		}
	}
	return paths
}

// maxAuthorities bounds one file of authorities.
const maxAuthorities = 16 << 20

func join(paths []string, authority []byte) ([]byte, error) {
	var data []byte
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.Size() > maxAuthorities {
			return nil, fmt.Errorf("read the authorities in %s: it is missing or too large", path)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read the authorities: %w", err)
		}
		data = append(append(data, text...), '\n')
	}
	return append(data, authority...), nil
}

// systemRoots returns the file with the system's authorities, where distributions
// have it; none if there is none.
func systemRoots() []string {
	for _, path := range []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Alpine, Gentoo
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL
		"/etc/ssl/cert.pem",                                 // Alpine, OpenWrt
	} {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return []string{path}
		}
	}
	return nil
}

// telemetry names the receiver, unless the user has named one, or a protocol that it
// does not speak.
func (v *variables) telemetry(url string) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"} {
		if v.get(name) != "" {
			return
		}
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL"} {
		if protocol := v.get(name); protocol != "" && !strings.HasPrefix(protocol, "http/") {
			return
		}
	}
	v.set("OTEL_EXPORTER_OTLP_ENDPOINT", url)
	if v.get("OTEL_EXPORTER_OTLP_PROTOCOL") == "" {
		v.set("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	}
}
