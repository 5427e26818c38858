package origin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func policy(t testing.TB, hosts, origins []string) *Policy {
	t.Helper()
	p, err := NewPolicy(hosts, origins, func() string { return "Robot-7.lab.example" })
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCheckHost(t *testing.T) {
	p := policy(t, []string{"kiosk.example.org", "*.fleet.example", "[fd00::1]"}, nil)
	tests := []struct {
		header string
		want   string // "" means refused
	}{
		{"localhost", "localhost"},
		{"LOCALHOST:5800", "localhost"},
		{"localhost.", "localhost"},
		{"127.0.0.1:5800", "127.0.0.1"},
		{"192.0.2.7", "192.0.2.7"},
		{"[::1]:5800", "::1"},
		{"[2001:DB8:0::1]", "2001:db8::1"},
		{"[::ffff:127.0.0.1]", "127.0.0.1"},
		{"robot-7.lab.example:1", "robot-7.lab.example"},
		{"robot-7", "robot-7"},
		{"Robot-7.Local:5800", "robot-7.local"},
		{"kiosk.example.org", "kiosk.example.org"},
		{"a.b.fleet.example", "a.b.fleet.example"},

		{"", ""},
		{"evil.example", ""},
		{"evil.example:5800", ""},
		{"fleet.example", ""},
		{"evilfleet.example", ""},
		{"localhost.evil.example", ""},
		{"127.0.0.1.evil.example", ""},
		{"robot-7.evil.example", ""},
		{"xrobot-7", ""},
		{"::1", ""},
		{"[::1", ""},
		{"[::1%25eth0]", ""},
		{"[127.0.0.1]", ""},
		{"0x7f.0.0.1", ""},
		{"2130706433", ""},
		{"127.1", ""},
		{"127.0.0.1:http", ""},
		{"127.0.0.1:", ""},
		{"127.0.0.1:+80", ""},
		{"127.0.0.1:99999", ""},
		{"user@localhost", ""},
		{"localhost/path", ""},
		{"local host", ""},
		{"localhost\x00", ""},
		{strings.Repeat("a.", 200), ""},
	}
	for _, tt := range tests {
		h, err := p.CheckHost(tt.header)
		if (err == nil) != (tt.want != "") || h.Name != tt.want {
			t.Errorf("CheckHost(%q) = %q, %v, want %q", tt.header, h.Name, err, tt.want)
		}
		if err != nil && !errors.Is(err, ErrHost) {
			t.Errorf("CheckHost(%q): %v is not ErrHost", tt.header, err)
		}
	}
}

func TestCheckOrigin(t *testing.T) {
	p := policy(t, nil, []string{"https://ui.example.org", "http://dev.example:3000"})
	tests := []struct {
		origin, host string
		secure       bool
		want         Relation // -1 means refused
	}{
		{"http://127.0.0.1:5800", "127.0.0.1:5800", false, SameOrigin},
		{"http://localhost", "localhost", false, SameOrigin},
		{"https://robot-7.local", "robot-7.local:443", true, SameOrigin},
		{"HTTP://Robot-7.LOCAL:5800", "robot-7.local:5800", false, SameOrigin},
		{"http://[::1]:5800", "[::1]:5800", false, SameOrigin},
		{"http://127.0.0.1:3000", "127.0.0.1:5800", false, SameHost},
		{"https://127.0.0.1:5800", "127.0.0.1:5800", false, SameHost},
		{"http://robot-7.local", "robot-7.local:5800", false, SameHost},
		{"http://localhost:5800", "127.0.0.1:5800", false, SameHost},
		{"http://[::1]:3000", "localhost:5800", false, SameHost},
		{"https://127.0.0.1:3000", "[::1]:5800", false, SameHost},
		{"https://ui.example.org", "127.0.0.1:5800", false, Configured},
		{"https://ui.example.org:443", "127.0.0.1:5800", false, Configured},
		{"http://dev.example:3000", "127.0.0.1:5800", false, Configured},

		{"null", "127.0.0.1:5800", false, -1},
		{"", "127.0.0.1:5800", false, -1},
		{"http://evil.example", "127.0.0.1:5800", false, -1},
		{"http://localhost.evil.example:5800", "127.0.0.1:5800", false, -1},
		{"http://localhost:5800", "192.0.2.7:5800", false, -1},
		{"http://192.0.2.7:5800", "localhost:5800", false, -1},
		{"http://127.0.0.1.evil.example:5800", "127.0.0.1:5800", false, -1},
		{"http://127.0.0.1:5800@evil.example", "127.0.0.1:5800", false, -1},
		{"http://evil.example/127.0.0.1:5800", "127.0.0.1:5800", false, -1},
		{"http://ui.example.org", "127.0.0.1:5800", false, -1},
		{"https://ui.example.org:8443", "127.0.0.1:5800", false, -1},
		{"https://xui.example.org", "127.0.0.1:5800", false, -1},
		{"file://127.0.0.1", "127.0.0.1:5800", false, -1},
		{"chrome-extension://abc", "127.0.0.1:5800", false, -1},
		{"http://", "127.0.0.1:5800", false, -1},
	}
	for _, tt := range tests {
		host, err := ParseHost(tt.host)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.CheckOrigin(&http.Request{Header: http.Header{"Origin": {tt.origin}}}, host, tt.secure)
		if tt.want < 0 {
			if !errors.Is(err, ErrOrigin) {
				t.Errorf("origin %q for %q: %v, %v, want ErrOrigin", tt.origin, tt.host, got, err)
			}
		} else if err != nil || got != tt.want {
			t.Errorf("origin %q for %q: %v, %v, want %v", tt.origin, tt.host, got, err, tt.want)
		}
	}
}

func TestTwoOriginsAreRefused(t *testing.T) {
	host, _ := ParseHost("127.0.0.1:5800")
	r := &http.Request{Header: http.Header{"Origin": {"http://127.0.0.1:5800", "http://evil.example"}}}
	if _, err := policy(t, nil, nil).CheckOrigin(r, host, false); !errors.Is(err, ErrOrigin) {
		t.Errorf("error %v, want ErrOrigin", err)
	}
}

func TestFetchSite(t *testing.T) {
	host, _ := ParseHost("127.0.0.1:5800")
	tests := []struct {
		method, site, mode, dest string
		want                     Relation
	}{
		{"GET", "", "", "", NoPage},
		{"POST", "", "", "", NoPage},
		{"GET", "none", "navigate", "document", NoPage},
		{"GET", "same-origin", "cors", "empty", SameOrigin},
		{"GET", "same-site", "no-cors", "image", SameHost},
		{"GET", "cross-site", "navigate", "document", SameHost},
		{"GET", "cross-site", "navigate", "iframe", -1},
		{"GET", "cross-site", "no-cors", "script", -1},
		{"GET", "cross-site", "websocket", "websocket", -1},
		{"POST", "cross-site", "navigate", "document", -1},
		{"GET", "nonsense", "no-cors", "image", -1},
	}
	for _, tt := range tests {
		r := &http.Request{Method: tt.method, Header: http.Header{}}
		for k, v := range map[string]string{"Sec-Fetch-Site": tt.site, "Sec-Fetch-Mode": tt.mode, "Sec-Fetch-Dest": tt.dest} {
			if v != "" {
				r.Header.Set(k, v)
			}
		}
		got, err := policy(t, nil, nil).CheckOrigin(r, host, false)
		if (tt.want < 0) != (err != nil) || (err == nil && got != tt.want) {
			t.Errorf("%+v: %v, %v", tt, got, err)
		}
	}
}

func TestBadConfiguration(t *testing.T) {
	for _, host := range []string{"*", "*.", "a b", "kiosk:5800", "http://kiosk", "*.10.0.0.1", ""} {
		if _, err := NewPolicy([]string{host}, nil, nil); err == nil {
			t.Errorf("allowed host %q is accepted", host)
		}
	}
	for _, o := range []string{"*", "null", "ui.example.org", "https://ui.example.org/", "ws://x", "https://*.example.org"} {
		if _, err := NewPolicy(nil, []string{o}, nil); err == nil {
			t.Errorf("allowed origin %q is accepted", o)
		}
	}
}

func TestOwnNames(t *testing.T) {
	tests := map[string][]string{
		"":            nil,
		"Robot":       {"robot", "robot.local"},
		"robot.local": {"robot", "robot.local"},
		"a.b.example": {"a", "a.b.example", "a.b.example.local", "a.local"},
		"10.0.0.1":    nil,
	}
	for in, want := range tests {
		if got := OwnNames(in); !slices.Equal(got, want) {
			t.Errorf("OwnNames(%q) = %v, want %v", in, got, want)
		}
	}
}

func FuzzParseHost(f *testing.F) {
	for _, s := range []string{"localhost:1", "[::1]:5800", "a.b", "127.0.0.1", "[::ffff:1.2.3.4]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseHost(s)
		if err != nil {
			return
		}
		text := h.Name
		if h.IP.Is6() {
			text = "[" + text + "]"
		}
		if h.Port != "" {
			text += ":" + h.Port
		}
		if again, err := ParseHost(text); err != nil || again != h {
			t.Errorf("%q is %+v, but %q is %+v, %v", s, h, text, again, err)
		}
		if strings.ContainsAny(h.Name, " \t\r\n/\\@?#;\"'") {
			t.Errorf("%q gave the name %q", s, h.Name)
		}
	})
}

func FuzzCheckOrigin(f *testing.F) {
	f.Add("http://127.0.0.1:5800")
	f.Add("http://evil.example")
	p := policy(f, nil, []string{"https://ui.example.org"})
	host, _ := ParseHost("127.0.0.1:5800")
	f.Fuzz(func(t *testing.T, s string) {
		_, err := p.CheckOrigin(&http.Request{Header: http.Header{"Origin": {s}}}, host, false)
		if err == nil && !strings.Contains(s, "127.0.0.1") && !strings.Contains(strings.ToLower(s), "[::ffff:") &&
			!strings.EqualFold(strings.TrimSuffix(s, ":443"), "https://ui.example.org") &&
			!strings.EqualFold(strings.TrimSuffix(s, ".:443"), "https://ui.example.org") && !strings.EqualFold(s, "https://ui.example.org.") {
			t.Errorf("accepted %q", s)
		}
	})
}
