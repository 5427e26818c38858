package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

func TestDefaultIsValid(t *testing.T) {
	c := Default()
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}

func TestSampleIsTheDefault(t *testing.T) {
	c, err := Parse("sample.yaml", []byte(Sample()))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c, Default()) {
		t.Errorf("the sample says %+v, the defaults are %+v", c, Default())
	}
}

// TestSampleListsEveryKey compares the keys of the file with those of the
// structs; the keys of list entries stand in comments.
func TestSampleListsEveryKey(t *testing.T) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(Sample()), &doc); err != nil {
		t.Fatal(err)
	}
	var inFile []string
	var walk func(path string, n *yaml.Node)
	walk = func(path string, n *yaml.Node) {
		if n.Kind != yaml.MappingNode {
			inFile = append(inFile, path)
			return
		}
		for i := 0; i < len(n.Content); i += 2 {
			walk(join(path, n.Content[i].Value), n.Content[i+1])
		}
	}
	walk("", doc.Content[0])
	known := leaves("", reflect.TypeFor[Config]())
	slices.Sort(inFile)
	slices.Sort(known)
	if !slices.Equal(inFile, known) {
		t.Errorf("the sample lists %v, the structs have %v", inFile, known)
	}
	for _, key := range keysOf(reflect.TypeFor[LogFile]()) {
		if !strings.Contains(Sample(), " "+key+": ") {
			t.Errorf("the sample does not show %s of a log file", key)
		}
	}
}

func leaves(path string, typ reflect.Type) []string {
	if typ.Kind() != reflect.Struct {
		return []string{path}
	}
	var all []string
	for i, key := range keysOf(typ) {
		if key == "" {
			panic(fmt.Sprintf("%s.%s has no yaml name", typ, typ.Field(i).Name))
		}
		all = append(all, leaves(join(path, key), typ.Field(i).Type)...)
	}
	return all
}

// TestDocumentationListsEveryKey keeps docs/configuration.md complete.
func TestDocumentationListsEveryKey(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	keys := leaves("", reflect.TypeFor[Config]())
	for _, key := range keysOf(reflect.TypeFor[LogFile]()) {
		keys = append(keys, "logs.extra_files[]."+key)
	}
	for _, key := range keys {
		if !bytes.Contains(text, []byte("| `"+key+"` |")) {
			t.Errorf("docs/configuration.md has no line for %s", key)
		}
	}
}

func TestEverythingCanBeSet(t *testing.T) {
	const text = `
listen: ["[::1]:0", ":5801"]
state_dir: /var/lib/x
simulate: [camera, imu]
tls: {enabled: true, cert_file: /c.pem, key_file: /k.pem}
auth:
  allow_hosts: [kiosk.example.org, "*.fleet.example"]
  allow_origins: ["https://ui.example.org"]
  insecure_no_auth: true
logs:
  extra_files:
    - {path: /var/log/a.log, label: A, group: Web, important: true}
    - path: /var/log/b.log
  extra_units: [a.service]
console: {disabled: true, shell: /bin/sh, max_sessions: 3}
telemetry: {interval: 250ms, data_dir: /data}
ota:
  engine: slots
  max_image_bytes: 5
  quota_bytes: 6
  max_uploads: 7
  keep_uploads: 1h
  confirm_after: 0s
  check_command: [/bin/check, --all]
  check_timeout: 2s
  reboot_command: [/sbin/reboot]
  slots:
    a: /dev/a
    b: /dev/b
    compatible: gateway-v2
    keys: [/etc/key.pem, AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=]
    state_dir: /boot/state
    tries: 5
    kernel_parameter: heliograph.slot
limits: {max_connections: 7, header_timeout: 3s, max_body_bytes: 5000}
`
	c, err := Parse("x", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Listen = []string{"[::1]:0", ":5801"}
	want.StateDir = "/var/lib/x"
	want.Simulate = []string{"camera", "imu"}
	want.TLS = TLS{true, "/c.pem", "/k.pem"}
	want.Auth = Auth{[]string{"kiosk.example.org", "*.fleet.example"}, []string{"https://ui.example.org"}, true}
	want.Logs = Logs{[]LogFile{{"/var/log/a.log", "A", "Web", true}, {Path: "/var/log/b.log"}}, []string{"a.service"}}
	want.Console = Console{true, "/bin/sh", 3}
	want.Telemetry = Telemetry{250 * time.Millisecond, "/data"}
	want.OTA = OTA{
		"slots", 5, 6, 7, time.Hour, 0, []string{"/bin/check", "--all"}, 2 * time.Second, []string{"/sbin/reboot"},
		Slots{"/dev/a", "/dev/b", "gateway-v2", []string{"/etc/key.pem", strings.Repeat("A", 43) + "="}, "/boot/state", 5, "heliograph.slot"},
	}
	want.Limits.MaxConnections, want.Limits.HeaderTimeout, want.Limits.MaxBodyBytes = 7, 3*time.Second, 5000
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestNothingChangesNothing(t *testing.T) {
	for _, text := range []string{"", "# only a comment\n", "auth:\nlisten:\n", "---\n"} {
		c, err := Parse("x", []byte(text))
		if err != nil || !reflect.DeepEqual(c, Default()) {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

func TestBadFiles(t *testing.T) {
	tests := []struct{ text, want string }{
		{"auth:\n  allow_host: [a]\n", "x: line 2: auth.allow_host: unknown key; known here: allow_hosts,"},
		{"listenn: []\n", "x: line 1: listenn: unknown key"},
		{"logs:\n  extra_files:\n    - path: /a\n    - pth: /b\n", "x: line 4: logs.extra_files[1].pth: unknown key"},
		{"auth: yes please\n", `x: line 1: auth: want keys with values, have "yes please"`},
		{"listen: 127.0.0.1:1\n", `x: line 1: listen: want a list, have "127.0.0.1:1"`},
		{"listen:\n  - {a: b}\n", "x: line 2: listen[0]: want a text, have keys with values"},
		{"listen:\n  -\n", "x: line 2: listen[0]: the entry is empty"},
		{"telemetry:\n  interval: 5\n", `x: line 2: telemetry.interval: want a time such as`},
		{"console:\n  max_sessions: many\n", `x: line 2: console.max_sessions: want a whole number, have "many"`},
		{"console:\n  disabled: 7\n", `x: line 2: console.disabled: want true or false, have "7"`},
		{"console: {}\nconsole: {}\n", "x: line 2: console: the key is given twice, first in line 1"},
		{"- a\n", "x: line 1: the file: want keys with values, have a list"},
		{"a: [\n", "x: line"},
		{"listen: []\n---\nlisten: []\n", "x: there is more than one document"},
		{"<<: {listen: []}\n", "x: line 1: <<: unknown key"},
	}
	for _, tt := range tests {
		_, err := Parse("x", []byte(tt.text))
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%q: error %v, want %q", tt.text, err, tt.want)
		}
	}
}

func TestAllMistakesAreNamed(t *testing.T) {
	_, err := Parse("x", []byte("a: 1\nconsole:\n  b: 2\n  max_sessions: c\n"))
	for _, part := range []string{"line 1: a:", "line 3: console.b:", "line 4: console.max_sessions:"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v lacks %q", err, part)
		}
	}
}

func TestCheckNamesTheKey(t *testing.T) {
	tests := map[string]func(*Config){
		"listen: ":                     func(c *Config) { c.Listen = nil },
		"listen[0]: ":                  func(c *Config) { c.Listen = []string{"127.0.0.1"} },
		"listen[1]: ":                  func(c *Config) { c.Listen = []string{":1", ":1"} },
		`listen[0]: ":99999": the`:     func(c *Config) { c.Listen = []string{":99999"} },
		"simulate[0]: ":                func(c *Config) { c.Simulate = []string{"A B"} },
		"tls.key_file: ":               func(c *Config) { c.TLS = TLS{Enabled: true, CertFile: "x"} },
		"tls.cert_file: ":              func(c *Config) { c.TLS = TLS{Enabled: true, KeyFile: "x"} },
		"tls.enabled: ":                func(c *Config) { c.TLS = TLS{CertFile: "x", KeyFile: "y"} },
		"auth.allow_hosts[0]: ":        func(c *Config) { c.Auth.AllowHosts = []string{"*"} },
		"auth.allow_origins[1]: ":      func(c *Config) { c.Auth.AllowOrigins = []string{"http://a", "a"} },
		"logs.extra_files[0].path: ":   func(c *Config) { c.Logs.ExtraFiles = []LogFile{{Path: "a"}} },
		"logs.extra_files[1].path: ":   func(c *Config) { c.Logs.ExtraFiles = []LogFile{{Path: "/a"}, {Path: "/a"}} },
		"logs.extra_units[0]: ":        func(c *Config) { c.Logs.ExtraUnits = []string{"--all"} },
		"logs.extra_units: ":           func(c *Config) { c.Logs.ExtraUnits = slices.Repeat([]string{"a"}, 300) },
		"logs.extra_files: ":           func(c *Config) { c.Logs.ExtraFiles = slices.Repeat([]LogFile{{Path: "/a"}}, 300) },
		"console.shell: ":              func(c *Config) { c.Console.Shell = "bash" },
		"console.max_sessions: ":       func(c *Config) { c.Console.MaxSessions = 0 },
		"ota.engine: ":                 func(c *Config) { c.OTA.Engine = "swupdate" },
		"ota.max_image_bytes: ":        func(c *Config) { c.OTA.MaxImageBytes = 0 },
		"ota.quota_bytes: ":            func(c *Config) { c.OTA.QuotaBytes = 1 },
		"ota.max_uploads: ":            func(c *Config) { c.OTA.MaxUploads = 0 },
		"ota.keep_uploads: ":           func(c *Config) { c.OTA.KeepUploads = -1 },
		"ota.confirm_after: ":          func(c *Config) { c.OTA.ConfirmAfter = -1 },
		"ota.check_timeout: ":          func(c *Config) { c.OTA.CheckTimeout = 0 },
		"ota.check_command[0]: ":       func(c *Config) { c.OTA.CheckCommand = []string{"true"} },
		"ota.reboot_command[0]: ":      func(c *Config) { c.OTA.RebootCommand = []string{"reboot"} },
		"ota.slots.a: give":            func(c *Config) { c.OTA.Engine = EngineSlots },
		"ota.slots.keys: ":             func(c *Config) { c.OTA.Slots.A = "/a" },
		"ota.slots.compatible: ":       func(c *Config) { c.OTA.Slots.A = "/a" },
		"ota.slots.b: \"/a\" is also":  func(c *Config) { c.OTA.Slots.A, c.OTA.Slots.B = "/a", "/a" },
		"ota.slots.state_dir: ":        func(c *Config) { c.OTA.Slots.A, c.OTA.Slots.StateDir = "/a", "b" },
		"ota.slots.keys[0]: ":          func(c *Config) { c.OTA.Slots.A, c.OTA.Slots.Keys = "/a", []string{"AAAA"} },
		"ota.slots.tries: ":            func(c *Config) { c.OTA.Slots.A, c.OTA.Slots.Tries = "/a", 0 },
		"ota.slots.kernel_parameter: ": func(c *Config) { c.OTA.Slots.A, c.OTA.Slots.KernelParameter = "/a", "a b" },
		"telemetry.interval: ":         func(c *Config) { c.Telemetry.Interval = time.Millisecond },
		"telemetry.data_dir: ":         func(c *Config) { c.Telemetry.DataDir = "data" },
		"limits.max_connections: ":     func(c *Config) { c.Limits.MaxConnections = -1 },
		"limits.max_websockets: ":      func(c *Config) { c.Limits.MaxWebSockets = 0 },
		"limits.max_header_bytes: ":    func(c *Config) { c.Limits.MaxHeaderBytes = 1 },
		"limits.max_body_bytes: ":      func(c *Config) { c.Limits.MaxBodyBytes = 1 },
		"limits.header_timeout: ":      func(c *Config) { c.Limits.HeaderTimeout = 0 },
		"limits.idle_timeout: ":        func(c *Config) { c.Limits.IdleTimeout = -1 },
		"limits.stall_timeout: ":       func(c *Config) { c.Limits.StallTimeout = 0 },
		"limits.shutdown_timeout: ":    func(c *Config) { c.Limits.ShutdownTimeout = time.Hour },
		"limits.max_connections_per_a": func(c *Config) { c.Limits.MaxConnectionsPerAddress = 0 },
	}
	for part, change := range tests {
		c := Default()
		change(&c)
		if err := c.Check(); err == nil || !strings.Contains("\n"+err.Error(), "\n"+part) {
			t.Errorf("error %v lacks %q", err, part)
		}
	}
}

func TestFlagsWin(t *testing.T) {
	c, err := Parse("x", []byte("listen: [':1']\nsimulate: [a]\nstate_dir: /a\nauth: {allow_hosts: [a]}\nlogs: {extra_files: [{path: /a, label: A}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	before := c
	c.Apply(Flags{})
	if !reflect.DeepEqual(c, before) {
		t.Error("no flags changed something")
	}
	c.Apply(Flags{
		Listen: []string{":2"}, StateDir: "/b", Simulate: []string{"b"}, LogFiles: []string{"/a", "/b"},
		AllowHosts: []string{"b"}, AllowOrigins: []string{"http://b"}, InsecureNoAuth: true,
	})
	want := before
	want.Listen, want.StateDir, want.Simulate = []string{":2"}, "/b", []string{"b"}
	want.Auth = Auth{[]string{"a", "b"}, []string{"http://b"}, true}
	want.Logs.ExtraFiles = []LogFile{{Path: "/a", Label: "A"}, {Path: "/b"}}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestLoad(t *testing.T) {
	if c, err := Load(""); err != nil || !reflect.DeepEqual(c, Default()) {
		t.Errorf("no file: %+v, %v", c, err)
	}
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "none.yaml")); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("missing file: %v", err)
	}
	path := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(path, bytes.Repeat([]byte("#"), maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil {
		t.Error("a file beyond the bound is accepted")
	}
	if err := os.WriteFile(path, []byte("listen: [':7']"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Load(path); err != nil || c.Listen[0] != ":7" {
		t.Errorf("%+v, %v", c, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(Sample()))
	f.Add([]byte("a: &a [*a]\nlisten: *a\n"))
	f.Add([]byte("listen: &l [':1']\nsimulate: *l\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if len(data) > 1<<12 {
			return
		}
		if c, err := Parse("x", data); err == nil {
			_ = c.Check()
		}
	})
}
