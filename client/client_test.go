package client_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

func dial(t *testing.T, s *fakehelios.Server, opts client.Options) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), s.URL, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestDialRefusesAddressesThatCannotBe(t *testing.T) {
	for _, address := range []string{"", "http://", "ftp://host", "http://user:secret@host", "http://host/?token=secret", "http://%zz"} {
		_, err := client.Dial(t.Context(), address, client.Options{})
		if err == nil {
			t.Errorf("%q was taken", address)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error repeats the secret: %v", address, err)
		}
	}
}

func TestDialTakesEveryFormOfAddress(t *testing.T) {
	s := fakehelios.New(t)
	s.RequireToken("t0k")
	host := strings.TrimPrefix(s.URL, "http://")
	for _, address := range []string{s.URL + "/#token=t0k", host + "#token=t0k", "ws://" + host + "/#token=t0k"} {
		c, err := client.Dial(t.Context(), address, client.Options{})
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if c.URL() != s.URL {
			t.Errorf("%s: address is %s", address, c.URL())
		}
		c.Close()
	}
}

func TestDialSaysWhyItIsRefused(t *testing.T) {
	s := fakehelios.New(t)
	s.RequireToken("right")
	_, err := client.Dial(t.Context(), s.URL, client.Options{Token: "wrong-secret"})
	if !errors.Is(err, client.ErrNotAllowed) || errors.Is(err, client.ErrNotFound) {
		t.Fatalf("got %v", err)
	}
	var e *client.Error
	if !errors.As(err, &e) || e.Status != 401 || e.Code != "unauthorized" || e.RequestID != "r-1" {
		t.Fatalf("got %#v", e)
	}
	if strings.Contains(err.Error(), "wrong-secret") {
		t.Fatalf("the error repeats the token: %v", err)
	}
}

func TestDialNeedsAServer(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	if _, err := client.Dial(t.Context(), s.URL, client.Options{}); !errors.Is(err, client.ErrUnreachable) {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Dial(ctx, s.URL, client.Options{}); !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrUnreachable) {
		t.Fatalf("a cancelled call is not the server's fault: %v", err)
	}
}

func TestServerWithoutHealthIsTaken(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	c, err := client.Dial(t.Context(), s.URL, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	s.Config.ErrorLog = nil
	defer s.Close()
	sum := sha256.Sum256(s.Certificate().Raw)
	pin := hex.EncodeToString(sum[:])
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	colons := "SHA256:" + strings.ToUpper(pin[:2]) + ":" + pin[2:]
	for name, test := range map[string]struct {
		opts client.Options
		ok   bool
	}{
		"unknown authority": {client.Options{}, false},
		"authority":         {client.Options{CA: ca}, true},
		"pin":               {client.Options{Fingerprint: pin}, true},
		"pin with colons":   {client.Options{Fingerprint: colons}, true},
		"other pin":         {client.Options{Fingerprint: strings.Repeat("0", 64)}, false},
		"short pin":         {client.Options{Fingerprint: "abcd"}, false},
		"no PEM":            {client.Options{CA: []byte("junk")}, false},
		"two ways":          {client.Options{CA: ca, HTTPClient: http.DefaultClient}, false},
	} {
		c, err := client.Dial(t.Context(), s.URL, test.opts)
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
		if c != nil {
			c.Close()
		}
	}
}

func TestTypedRequests(t *testing.T) {
	s := fakehelios.New(t)
	s.JSON("GET /v1/thing", map[string]any{"name": "a", "unknown": 1})
	s.HTTP("POST /v1/thing", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	s.HTTP("DELETE /v1/thing", func(w http.ResponseWriter, r *http.Request) {
		fakehelios.Fail(w, r, 503, "service_unavailable", "no helper")
	})
	s.HTTP("GET /v1/html", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(502)
		_, _ = w.Write([]byte("<html>proxy</html>"))
	})
	s.HTTP("GET /v1/big", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(make([]byte, 4096)) })
	c := dial(t, s, client.Options{MaxMessage: 1024})
	type thing struct{ Name string }
	if got, err := client.Get[thing](t.Context(), c, "/v1/thing", nil); err != nil || got.Name != "a" {
		t.Errorf("get: %v %v", got, err)
	}
	if got, err := client.Post[thing](t.Context(), c, "/v1/thing", thing{"b"}); err != nil || got.Name != "" {
		t.Errorf("post: %v %v", got, err)
	}
	var e *client.Error
	if err := c.Delete(t.Context(), "/v1/thing"); !errors.As(err, &e) || e.Status != 503 || e.Message != "no helper" {
		t.Errorf("delete: %v", err)
	}
	if _, err := client.Get[thing](t.Context(), c, "/v1/html", nil); !errors.As(err, &e) || e.Message != "bad gateway" {
		t.Errorf("html: %v", err)
	}
	if _, err := client.Get[thing](t.Context(), c, "/v1/big", nil); !errors.Is(err, client.ErrTooLarge) {
		t.Errorf("big: %v", err)
	}
}
