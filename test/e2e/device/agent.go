package device

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/heliograph/heliograph/api"
	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/internal/devflow"
)

// IsAgentPath tells whether a path belongs to the agent protocol.
func IsAgentPath(path string) bool {
	return strings.HasPrefix(path, "/ws/v1/") || strings.HasPrefix(path, "/api/v1/")
}

// agentDocuments are the documents of the agent protocol.
type agentDocuments struct {
	messages *asyncapi.Validator
	answers  *asyncapi.HTTPValidator
	channels map[string]string // names by path
}

func readAgentDocuments() (*agentDocuments, error) {
	messages, err := asyncapi.NewValidator(api.DevFlow("", false))
	if err != nil {
		return nil, err
	}
	answers, err := asyncapi.NewHTTPValidator(api.DevFlowOpenAPI("", false))
	if err != nil {
		return nil, err
	}
	d := &agentDocuments{messages, answers, map[string]string{}}
	for _, ch := range devflow.Channels() {
		d.channels[ch.Path] = ch.Name
		if ch.Alias != "" {
			d.channels[ch.Alias] = ch.Name
		}
	}
	return d, nil
}

// checkAgent returns what is wrong with a message of a channel of the agent protocol.
func (v *validator) checkAgent(path string, message []byte) error {
	doc, err := v.agent()
	if err != nil {
		return err
	}
	plain, _, _ := strings.Cut(path, "?")
	name := doc.channels[strings.TrimSuffix(plain, "/")]
	key := path + " " + string(message)
	// The long series are those of tests of the load, where all are alike.
	if v.skip(name, key, true) {
		return nil
	}
	if err := doc.messages.Message(name, asyncapi.Receive, message); err != nil {
		return err
	}
	v.remember(key)
	return nil
}

// checkAnswer returns what is wrong with an answer of the agent protocol.
func (v *validator) checkAnswer(method, path string, r Response) error {
	doc, err := v.agent()
	if err != nil {
		return err
	}
	plain, _, _ := strings.Cut(path, "?")
	if method == http.MethodHead {
		return nil
	}
	if ct := r.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") && !strings.HasSuffix(plain, ".har") {
		return fmt.Errorf("the content type is %q", ct)
	}
	if r.Status >= http.StatusBadRequest {
		if err := checkErrorBody(plain, r); err != nil {
			return err
		}
	}
	err = doc.answers.Answer(method, unescape(plain), r.Status, r.Body)
	if errors.Is(err, asyncapi.ErrUnknownChannel) && undocumented(plain, r.Status) {
		return nil
	}
	return err
}

// unescape decodes a path, but for slashes within a part.
func unescape(path string) string {
	decoded, err := url.PathUnescape(strings.ReplaceAll(path, "%2F", "%252F"))
	if err != nil {
		return path
	}
	return decoded
}

// undocumented tells that an answer is about something that is in no document: other
// paths and methods, channels that are asked without an upgrade, and what is said by
// who guards the server.
func undocumented(path string, status int) bool {
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return true
	}
	return strings.HasPrefix(path, "/ws/") && status >= http.StatusBadRequest
}

// checkErrorBody compares an error body with section 2.3 of the contract.
func checkErrorBody(path string, r Response) error {
	var body wire.ErrorBody
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return err
	}
	word, isError := strings.CutPrefix(body.Type, wire.ErrorTypePrefix)
	switch {
	case body.Status != r.Status:
		return fmt.Errorf("status %d in the body of status %d", body.Status, r.Status)
	case body.Success || body.Error == "" || body.Title == "" || !isError || word == "":
		return errors.New("no merged error body")
	case body.Detail != "" && body.Detail != body.Error:
		return errors.New("error is not detail")
	case body.ErrorCode != "" && body.ErrorCode != word:
		return fmt.Errorf("the error code %s has the type %s", body.ErrorCode, body.Type)
	case body.Instance != path && !strings.HasSuffix(body.Instance, "…"):
		return fmt.Errorf("instance %q", body.Instance)
	}
	return nil
}
