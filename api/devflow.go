package api

import (
	_ "embed"
	"encoding/json"
	"strings"
)

// devflow and devflowHTTP are the documents as generated, for localhost without TLS.
var (
	//go:embed devflow.asyncapi.json
	devflow string
	//go:embed devflow.openapi.json
	devflowHTTP string
)

const (
	devflowHost   = "localhost:9223"
	devflowServer = `"host": "` + devflowHost + `",
      "protocol": "ws",`
	devflowURL = `"url": "http://` + devflowHost + `"`
)

// DevFlow returns the AsyncAPI document of the DevFlow Agent Protocol for an agent that
// is reached under the given host, as Helios does for its API.
func DevFlow(host string, tls bool) []byte {
	protocol := "ws"
	if tls {
		protocol = "wss"
	}
	return swap(devflow, devflowServer, `"host": `+quote(host, devflowHost, "")+`,
      "protocol": "`+protocol+`",`)
}

// DevFlowOpenAPI returns the OpenAPI document of the protocol's HTTP side likewise.
func DevFlowOpenAPI(host string, tls bool) []byte {
	scheme := "http://"
	if tls {
		scheme = "https://"
	}
	return swap(devflowHTTP, devflowURL, `"url": `+quote(host, devflowHost, scheme))
}

// quote returns a JSON string of the host, or the fallback, behind a prefix.
func quote(host, fallback, prefix string) string {
	if host == "" {
		host = fallback
	}
	text, err := json.Marshal(prefix + host)
	if err != nil { // strings always have a JSON form
		return `"` + prefix + fallback + `"`
	}
	return string(text)
}

// swap returns doc with its first old replaced. The bytes are the caller's own.
func swap(doc, old, with string) []byte {
	head, tail, _ := strings.Cut(doc, old)
	b := make([]byte, 0, len(doc)+len(with))
	return append(append(append(b, head...), with...), tail...)
}
