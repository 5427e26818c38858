package client

import (
	"encoding/json"
	"strings"
)

// payloadError gives the error that a message of a channel tells, in any of the
// forms that channels have for that, or nil.
func payloadError(channel string, payload []byte) *Error {
	var p struct {
		Type        string  `json:"type"`
		Message     string  `json:"message"`
		Error       string  `json:"error"`
		Detail      string  `json:"detail"`
		Status      any     `json:"status"`
		Reason      string  `json:"reason"`
		Code        *string `json:"code"`
		Operation   string  `json:"operation"`
		RequestID   string  `json:"request_id"`
		Retryable   *bool   `json:"retryable"`
		Remediation *string `json:"remediation"`
	}
	if json.Unmarshal(payload, &p) != nil {
		return nil
	}
	status, _ := p.Status.(string)
	unavailable := strings.HasSuffix(status, "_stream_unavailable")
	if p.Type != "error" && (p.Error == "" || p.Code == nil) && !unavailable {
		return nil
	}
	e := &Error{
		Channel:   channel,
		Op:        p.Operation,
		Message:   firstOf(p.Detail, p.Error, p.Message, p.Reason, status),
		RequestID: p.RequestID,
		Retryable: p.Retryable,
	}
	if p.Code != nil {
		e.Code = *p.Code
	}
	e.Code = firstOf(e.Code, status, codeOf(e.Message))
	if p.Remediation != nil {
		e.Remediation = *p.Remediation
	}
	return e
}

// codeOf gives a code to the errors that the API tells by text alone.
func codeOf(message string) string {
	for _, prefix := range []string{"unknown log source", "console session not found", "stream not found"} {
		if strings.HasPrefix(strings.ToLower(message), prefix) {
			return "not_found"
		}
	}
	return ""
}
