package otlp

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"strings"
	"time"

	collogs "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"golang.org/x/net/netutil"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Bounds of the receiver; see the package comment.
const (
	maxClients = 64
	maxBody    = 8 << 20
	maxItems   = 10000
	timeout    = 30 * time.Second
)

// Options of a receiver. Recorder is required.
type Options struct {
	Recorder *recorder.Recorder
	// Redact takes secrets out of texts; nil leaves them as they are.
	Redact func(string) string
	// Logger may be nil.
	Logger *slog.Logger
}

// Receiver receives telemetry. Make one with New, let it serve a listener, and close
// it.
type Receiver struct {
	opts   Options
	server *http.Server
}

// New returns a receiver that does not serve anything yet.
func New(opts Options) *Receiver {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Redact == nil {
		opts.Redact = func(s string) string { return s }
	}
	r := &Receiver{opts: opts}
	r.server = &http.Server{
		Handler: r, ReadHeaderTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout,
		ErrorLog: slog.NewLogLogger(opts.Logger.Handler(), slog.LevelDebug),
	}
	return r
}

// Serve serves the clients that a listener accepts, until Close. It returns why it
// ended, nil after Close.
func (r *Receiver) Serve(l net.Listener) error {
	if err := r.server.Serve(netutil.LimitListener(l, maxClients)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the receiver of telemetry: %w", err)
	}
	return nil
}

// Close ends all requests.
func (r *Receiver) Close() { _ = r.server.Close() }

// refusal is a request that is not taken, with the code of google.rpc.Code.
type refusal struct {
	status int
	code   int
	text   string
}

func (r *refusal) Error() string { return r.text }

const (
	invalidArgument   = 3
	resourceExhausted = 8
	unimplemented     = 12
)

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	kind, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	answer, err := r.receive(req, kind)
	var no *refusal
	switch {
	case errors.As(err, &no):
		write(w, kind, no.status, statusMessage(kind, no))
	case err != nil:
		write(w, kind, http.StatusBadRequest, statusMessage(kind, &refusal{code: invalidArgument, text: err.Error()}))
	default:
		data, err := encode(kind, answer)
		if err != nil {
			r.opts.Logger.Warn("answer an exporter", "err", err)
		}
		write(w, kind, http.StatusOK, data)
	}
}

// receive takes a request and returns the answer to it.
func (r *Receiver) receive(req *http.Request, kind string) (proto.Message, error) {
	path := strings.TrimSuffix(req.URL.Path, "/")
	switch {
	case path != "/v1/traces" && path != "/v1/logs" && path != "/v1/metrics":
		return nil, &refusal{http.StatusNotFound, unimplemented, "there are /v1/traces, /v1/logs and /v1/metrics"}
	case req.Method != http.MethodPost:
		return nil, &refusal{http.StatusMethodNotAllowed, unimplemented, "telemetry is posted"}
	case kind != protobufType && kind != jsonType:
		return nil, &refusal{http.StatusUnsupportedMediaType, invalidArgument, "the content type must be " + protobufType + " or " + jsonType}
	}
	data, err := body(req)
	if err != nil {
		return nil, err
	}
	switch path {
	case "/v1/traces":
		var m coltrace.ExportTraceServiceRequest
		if err := decode(kind, data, &m); err != nil {
			return nil, err
		}
		return r.traces(m.GetResourceSpans()), nil
	case "/v1/logs":
		var m collogs.ExportLogsServiceRequest
		if err := decode(kind, data, &m); err != nil {
			return nil, err
		}
		return r.logs(m.GetResourceLogs()), nil
	}
	return &colmetrics.ExportMetricsServiceResponse{}, nil
}

const (
	protobufType = "application/x-protobuf"
	jsonType     = "application/json"
)

// body reads a body, within the bounds.
func body(req *http.Request) ([]byte, error) {
	var from io.Reader = http.MaxBytesReader(nil, req.Body, maxBody)
	switch encoding := req.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(from)
		if err != nil {
			return nil, fmt.Errorf("decompress the body: %w", err)
		}
		defer z.Close()
		from = z
	default:
		return nil, &refusal{http.StatusUnsupportedMediaType, invalidArgument, "the content encoding must be gzip or none"}
	}
	data, err := io.ReadAll(io.LimitReader(from, maxBody+1))
	if errors.As(err, new(*http.MaxBytesError)) || len(data) > maxBody {
		return nil, &refusal{http.StatusRequestEntityTooLarge, resourceExhausted, fmt.Sprintf("a body may have %d bytes", maxBody)}
	}
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	return data, nil
}

func decode(kind string, data []byte, m proto.Message) error {
	if kind == protobufType {
		if err := proto.Unmarshal(data, m); err != nil {
			return fmt.Errorf("decode the body: %w", err)
		}
		return nil
	}
	data, err := hexIDs(data)
	if err != nil {
		return fmt.Errorf("decode the body: %w", err)
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, m); err != nil {
		return fmt.Errorf("decode the body: %w", err)
	}
	return nil
}

func encode(kind string, m proto.Message) ([]byte, error) {
	if kind == protobufType {
		return proto.Marshal(m)
	}
	return protojson.Marshal(m)
}

// statusMessage encodes a google.rpc.Status.
func statusMessage(kind string, no *refusal) []byte {
	if kind == protobufType {
		b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(no.code))
		return protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), no.text)
	}
	data, _ := json.Marshal(map[string]any{"code": no.code, "message": no.text}) // has a form
	return data
}

func write(w http.ResponseWriter, kind string, status int, data []byte) {
	if kind != protobufType {
		kind = jsonType
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(data)
}
