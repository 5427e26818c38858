package server

import (
	"net/http"
	"strings"
	"testing"
)

func login(t *testing.T, h *house) *http.Cookie {
	t.Helper()
	req := h.request(http.MethodPost, "/auth/session", `{"token":"`+h.token+`"}`)
	resp, err := h.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || len(resp.Cookies()) != 1 {
		t.Fatalf("status %d, cookies %v", resp.StatusCode, resp.Cookies())
	}
	return resp.Cookies()[0]
}

func TestCookieFlow(t *testing.T) {
	h := start(t, func(o *Options) { o.peerUID = stranger })
	if r := h.get("/auth/session"); r.status != http.StatusOK || !strings.Contains(r.body, `"authenticated":false`) || !strings.Contains(r.body, `"scopes":[]`) {
		t.Errorf("before: %d %s", r.status, r.body)
	}
	c := login(t, h)
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Secure || c.MaxAge <= 0 {
		t.Errorf("cookie %+v", c)
	}
	if strings.Contains(c.Value, h.token) || !strings.HasPrefix(c.Name, "heliograph_") {
		t.Errorf("cookie %s=%s", c.Name, c.Value)
	}
	cookie := []string{"Cookie", c.Name + "=" + c.Value}
	r := h.get("/auth/session", cookie...)
	for _, part := range []string{`"authenticated":true`, `"via":"cookie"`, `"name":"first"`, `["view","control","console","admin"]`} {
		if !strings.Contains(r.body, part) {
			t.Errorf("who am I: %s lacks %s", r.body, part)
		}
	}
	if r.header.Get("Cache-Control") != "no-store" {
		t.Error("the answer may be kept")
	}
	want(t, h.ask(http.MethodPost, "/v1/control", "{}", cookie...), http.StatusOK)
	// With the cookie, a foreign page gets nowhere, whether or not the browser tells its origin.
	wantCode(t, h.ask(http.MethodPost, "/v1/control", "{}", append(cookie, "Origin", "http://evil.example")...), http.StatusForbidden, "origin_not_allowed")
	wantCode(t, h.ask(http.MethodPost, "/v1/control", "{}", append(cookie, "Sec-Fetch-Site", "cross-site")...), http.StatusForbidden, "origin_not_allowed")

	out := h.ask(http.MethodDelete, "/auth/session", "", cookie...)
	want(t, out, http.StatusNoContent)
	if !strings.Contains(out.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("Set-Cookie %q does not delete", out.header.Get("Set-Cookie"))
	}
	want(t, h.get("/v1/view", cookie...), http.StatusUnauthorized)
}

func TestRevokingEndsSessions(t *testing.T) {
	h := start(t, func(o *Options) { o.peerUID = stranger })
	c := login(t, h)
	want(t, h.get("/v1/view", "Cookie", c.Name+"="+c.Value), http.StatusOK)
	if err := h.store.Revoke(FirstToken); err != nil {
		t.Fatal(err)
	}
	want(t, h.get("/v1/view", "Cookie", c.Name+"="+c.Value), http.StatusUnauthorized)
}

func TestBadLogins(t *testing.T) {
	h := start(t, func(o *Options) { o.peerUID = stranger })
	wantCode(t, h.ask(http.MethodPost, "/auth/session", `{"token":"wrong"}`), http.StatusUnauthorized, "unauthorized")
	wantCode(t, h.ask(http.MethodPost, "/auth/session", `{`), http.StatusBadRequest, "bad_request")
	wantCode(t, h.ask(http.MethodPost, "/auth/session", `[]`), http.StatusBadRequest, "bad_request")
	wantCode(t, h.ask(http.MethodPost, "/auth/session", `{"token":"`+strings.Repeat("a", maxLogin)+`"}`), http.StatusRequestEntityTooLarge, "payload_too_large")
	wantCode(t, h.ask(http.MethodPut, "/auth/session", `{}`), http.StatusMethodNotAllowed, "method_not_allowed")
	form := h.request(http.MethodPost, "/auth/session", "token="+h.token)
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	wantCode(t, h.do(form), http.StatusUnsupportedMediaType, "unsupported_media_type")
	wantCode(t, h.ask(http.MethodPost, "/auth/session", `{"token":"`+h.token+`"}`, "Origin", "http://evil.example"), http.StatusForbidden, "origin_not_allowed")
}
