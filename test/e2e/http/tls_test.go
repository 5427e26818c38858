package http

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/api"
	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// printed returns the fingerprint that the server has printed, as hex digits.
func printed(t *testing.T, d *device.Device) string {
	t.Helper()
	device.Poll(t, "the fingerprint to be printed", func() bool { return strings.Contains(d.Output(), "fingerprint ") })
	_, text, _ := strings.Cut(d.Output(), "fingerprint ")
	digits := strings.ToLower(strings.ReplaceAll(strings.Fields(text)[0], ":", ""))
	if !regexp.MustCompile("^[0-9a-f]{64}$").MatchString(digits) {
		t.Fatalf("printed was %s", d.Output())
	}
	return digits
}

// pinned returns a client that takes the certificate with the fingerprint only.
func pinned(t *testing.T, fingerprint string) *http.Client {
	t.Helper()
	client := &http.Client{Timeout: device.Patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, // instead of a name, the certificate itself is checked
		VerifyConnection: func(state tls.ConnectionState) error {
			sum := sha256.Sum256(state.PeerCertificates[0].Raw)
			if hex.EncodeToString(sum[:]) != fingerprint {
				return errors.New("another certificate")
			}
			return nil
		},
	}}}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// Design 7: with --tls a certificate is made, its fingerprint printed, and kept;
// https and wss work with it.
func TestSelfSignedTLS(t *testing.T) {
	t.Parallel()
	d := start(t, "--tls")
	if !strings.HasPrefix(d.URL, "https://127.0.0.1:") {
		t.Fatalf("it listens on %s", d.URL)
	}
	fingerprint := printed(t, d)
	client := pinned(t, fingerprint)
	answer, err := client.Get(d.URL + "/v1/health")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if answer.StatusCode != 200 || answer.TLS.Version < tls.VersionTLS12 {
		t.Errorf("%d %s, TLS %x", answer.StatusCode, body, answer.TLS.Version)
	}
	wss(t, d, client)

	// The certificate is for this address, whoever signed it.
	leaf := answer.TLS.PeerCertificates[0]
	if err := leaf.VerifyHostname("127.0.0.1"); err != nil {
		t.Error(err)
	}
	if err := leaf.VerifyHostname("localhost"); err != nil {
		t.Error(err)
	}
	if _, err := (&http.Client{Timeout: device.Patience}).Get(d.URL + "/v1/health"); err == nil {
		t.Error("a client without the fingerprint trusts it")
	}
	d.Stop()
	again := device.Start(t, device.Options{StateDir: d.StateDir, Args: []string{"--tls"}})
	if printed(t, again) != fingerprint {
		t.Error("the certificate was not kept")
	}
	info, err := os.Stat(filepath.Join(d.StateDir, "tls.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
}

// wss opens a telemetry channel over TLS.
func wss(t *testing.T, d *device.Device, client *http.Client) {
	t.Helper()
	document, err := asyncapi.NewValidator(api.Helios("", true))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), device.Patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, d.URL+"/v1/ws", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: client.Transport}, HTTPHeader: http.Header{"Origin": {d.URL}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	request := `{"cmd":"device.telemetry","payload":{"interval_ms":250},"sent-at":"2031-02-27T13:46:40Z"}`
	if err := conn.Write(ctx, websocket.MessageText, []byte(request)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, data, err := conn.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := document.Envelope(asyncapi.Receive, data); err != nil {
			t.Error(err)
		}
	}
}

// Design 7: plain HTTP to a TLS port is told so; cookies are Secure there.
func TestPlainToTLS(t *testing.T) {
	d := start(t, "--tls")
	host := strings.TrimPrefix(d.URL, "https://")
	answer, err := http.Get("http://" + host + "/v1/health")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if answer.StatusCode != 400 {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
	client := pinned(t, printed(t, d))
	login, err := client.Post(d.URL+"/auth/session", "application/json", strings.NewReader(`{"token":"`+d.Token()+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	login.Body.Close()
	if cookies := login.Cookies(); len(cookies) != 1 || !cookies[0].Secure {
		t.Errorf("%d, cookies %v", login.StatusCode, cookies)
	}
}
