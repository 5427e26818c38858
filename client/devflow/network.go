package devflow

// NetworkRequestSummary is an HTTP exchange that has finished or failed.
type NetworkRequestSummary struct {
	ID        string    `json:"id"`                           // unique in the agent's process
	Timestamp Timestamp `json:"timestamp" format:"date-time"` // when the request began
	Method    string    `json:"method"`                       // upper case
	URL       string    `json:"url"`                          // whole
	Host      string    `json:"host,omitempty"`               // without port
	Path      string    `json:"path,omitempty"`               // without query
	// StatusCode is missing when there was no response.
	StatusCode          int    `json:"statusCode,omitempty" minimum:"100" maximum:"599"`
	StatusText          string `json:"statusText,omitempty"`
	DurationMs          int64  `json:"durationMs" minimum:"0"`       // 0 when not known
	Error               string `json:"error,omitempty"`              // why there was no whole response
	RequestContentType  string `json:"requestContentType,omitempty"` // without parameters
	ResponseContentType string `json:"responseContentType,omitempty"`
	RequestSize         *int64 `json:"requestSize,omitempty" minimum:"0"`  // of the body before it was cut, in bytes
	ResponseSize        *int64 `json:"responseSize,omitempty" minimum:"0"` // of the body before it was cut, in bytes
}

// NetworkRequestDetail is an exchange with its headers and bodies.
type NetworkRequestDetail struct {
	NetworkRequestSummary
	RequestHeaders  map[string][]string `json:"requestHeaders,omitempty"`
	ResponseHeaders map[string][]string `json:"responseHeaders,omitempty"`
	RequestBody     string              `json:"requestBody,omitempty"` // perhaps cut; missing when empty
	ResponseBody    string              `json:"responseBody,omitempty"`
	// RequestBodyEncoding is one of the Encoding constants.
	RequestBodyEncoding string `json:"requestBodyEncoding,omitempty" enum:"utf-8,base64"`
	// ResponseBodyEncoding is one of the Encoding constants.
	ResponseBodyEncoding  string `json:"responseBodyEncoding,omitempty" enum:"utf-8,base64"`
	RequestBodyTruncated  *bool  `json:"requestBodyTruncated,omitempty"` // requestBody is not all of it
	ResponseBodyTruncated *bool  `json:"responseBodyTruncated,omitempty"`
}

// Encodings of bodies.
const (
	EncodingText   = "utf-8"
	EncodingBase64 = "base64"
)

// NetworkReplay is the first message of /ws/v1/network.
type NetworkReplay struct {
	Type      string                  `json:"type" const:"replay"`
	Timestamp Timestamp               `json:"timestamp" format:"date-time"`
	Data      NetworkReplayData       `json:"data"`
	Entries   []NetworkRequestSummary `json:"entries,omitzero"` // mirror: data.entries
}

// NetworkReplayData is the payload of a NetworkReplay.
type NetworkReplayData struct {
	Entries []NetworkRequestSummary `json:"entries"` // newest first
}

// NetworkRequest is a new exchange.
type NetworkRequest struct {
	Type      string                 `json:"type" const:"request"`
	Timestamp Timestamp              `json:"timestamp" format:"date-time"`
	Data      NetworkRequestData     `json:"data"`
	Entry     *NetworkRequestSummary `json:"entry,omitempty"` // mirror: data.entry
}

// NetworkRequestData is the payload of a NetworkRequest.
type NetworkRequestData struct {
	Entry NetworkRequestSummary `json:"entry"`
}

// NetworkDetails answers NetworkGetDetails.
type NetworkDetails struct {
	Type      string                `json:"type" const:"details"`
	Timestamp Timestamp             `json:"timestamp" format:"date-time"`
	Data      NetworkDetailsData    `json:"data"`
	Entry     *NetworkRequestDetail `json:"entry,omitempty"` // mirror: data.entry
}

// NetworkDetailsData is the payload of a NetworkDetails.
type NetworkDetailsData struct {
	Entry NetworkRequestDetail `json:"entry"`
}

// NetworkCleared tells that the buffer is empty now.
type NetworkCleared struct {
	Type      string    `json:"type" const:"cleared"`
	Timestamp Timestamp `json:"timestamp" format:"date-time"`
}

// NetworkError answers a command that could not be obeyed.
type NetworkError struct {
	Type      string           `json:"type" const:"error"`
	Timestamp Timestamp        `json:"timestamp" format:"date-time"`
	Data      NetworkErrorData `json:"data"`
	Error     string           `json:"error,omitempty"` // mirror: data.message
}

// NetworkErrorData is the payload of a NetworkError.
type NetworkErrorData struct {
	Message string `json:"message"`
	ID      string `json:"id"` // that was asked for; may be empty
}

// NetworkGetDetails asks for one exchange with headers and bodies.
type NetworkGetDetails struct {
	Type      string                `json:"type" const:"get_details"`
	Timestamp Timestamp             `json:"timestamp,omitempty" format:"date-time"`
	Data      NetworkGetDetailsData `json:"data"`
}

// NetworkGetDetailsData is the payload of a NetworkGetDetails.
type NetworkGetDetailsData struct {
	ID string `json:"id"`
}

// NetworkClear empties the buffer.
type NetworkClear struct {
	Type      string    `json:"type" const:"clear"`
	Timestamp Timestamp `json:"timestamp,omitempty" format:"date-time"`
}
