package helios

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/ota"
)

const (
	// stageWait bounds a request that stages and applies in one.
	stageWait = 60 * time.Second
	// slotsWait bounds a request for the slots, which the engine reads.
	slotsWait = 10 * time.Second
)

func (a *API) otaRoutes(mux *http.ServeMux) {
	mux.Handle("POST /v1/ota/upload", a.control(a.uploadImage))
	mux.Handle("POST /v1/ota/stage", a.control(a.stageImage))
	mux.Handle("POST /v1/ota/preflight", a.control(a.preflight))
	mux.Handle("POST /v1/ota/apply", a.control(a.applyUpdate))
	mux.Handle("POST /v1/ota/cancel", a.control(a.cancelUpdate))
	mux.Handle("GET /v1/ota/state", a.view(a.getUpdate))
	mux.Handle("GET /v1/ota/slots", a.view(a.listSlots))
	mux.Handle("GET /v1/ota/history", a.view(a.listUpdates))
}

// uploadImage stores the part named file, and nothing else may be in the form.
func (a *API) uploadImage(w http.ResponseWriter, r *http.Request) error {
	size := int64(-1)
	if text := r.Header.Get("X-Helios-Upload-Bytes"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return failure(http.StatusBadRequest, "x-helios-upload-bytes: %q is not a size", text)
		}
		size = n
	}
	form, err := r.MultipartReader()
	if err != nil {
		return failure(http.StatusBadRequest, "the body is not multipart/form-data: %s", err)
	}
	part, err := form.NextPart()
	if err != nil || part.FormName() != "file" {
		return failure(http.StatusBadRequest, "the form must have exactly one part, named file")
	}
	stored, err := a.deps.OTA.Upload(r.Context(), &lastPart{part: part, form: form}, ota.UploadRequest{Filename: part.FileName(), SizeBytes: size})
	if err != nil {
		return otaFailure(err)
	}
	answer := wire.OtaUploadResult{
		Filename: stored.Filename, SizeBytes: uint64(max(stored.SizeBytes, 0)), SHA256: stored.SHA256, ImageURL: stored.URL,
	}
	if stored.Version != "" {
		answer.Version = &stored.Version
	}
	if stored.BuildID != "" {
		answer.BuildID = &stored.BuildID
	}
	writeJSON(w, http.StatusCreated, answer)
	return nil
}

// lastPart reads a part of a form and fails if another one follows, so that
// nothing of a malformed upload is kept.
type lastPart struct {
	part *multipart.Part
	form *multipart.Reader
}

var errMoreParts = &httpError{http.StatusBadRequest, "the form must have exactly one part, named file"}

func (l *lastPart) Read(p []byte) (int, error) {
	n, err := l.part.Read(p)
	if !errors.Is(err, io.EOF) {
		return n, err
	}
	switch _, next := l.form.NextPart(); {
	case next == nil:
		return n, errMoreParts
	case errors.Is(next, io.EOF):
		return n, io.EOF
	default:
		return n, next
	}
}

// otaFailure is how an error of the updater is told.
func otaFailure(err error) error {
	var known *httpError
	if errors.As(err, &known) {
		return known
	}
	status := http.StatusInternalServerError
	for s, causes := range map[int][]error{
		http.StatusBadRequest: {
			ota.ErrBadURL, ota.ErrNoImage, ota.ErrSize, ota.ErrChecksum, ota.ErrInvalid,
			ota.ErrNoUpdate, ota.ErrUnknownUpdate, ota.ErrCannotCancel, ota.ErrCanceled, io.ErrUnexpectedEOF,
		},
		http.StatusRequestEntityTooLarge: {ota.ErrTooLarge},
		http.StatusInsufficientStorage:   {ota.ErrNoSpace, ota.ErrTooMany},
		http.StatusServiceUnavailable:    {ota.ErrNotPresent, ota.ErrBusy, ota.ErrClosed, context.DeadlineExceeded},
	} {
		for _, cause := range causes {
			if errors.Is(err, cause) {
				status = s
			}
		}
	}
	return failure(status, "%s", err)
}

func imageRequest(r wire.OtaImageRequest, who string) ota.ImageRequest {
	return ota.ImageRequest{
		URL: r.ImageURL, Kind: r.ArtifactKind, SizeBytes: r.SizeBytes, SHA256: r.Checksum,
		KeepImage: r.DeleteImageAfterApply != nil && !*r.DeleteImageAfterApply, RequestedBy: who,
	}
}

func (a *API) stageImage(w http.ResponseWriter, r *http.Request) error {
	var body wire.OtaImageRequest
	if err := decodeBody(r, &body); err != nil {
		return err
	}
	id, err := a.deps.OTA.Stage(r.Context(), imageRequest(body, ""))
	if err != nil {
		return otaFailure(err)
	}
	writeJSON(w, http.StatusOK, wire.OtaAnswer{UpdateID: id.String(), Message: "staging started"})
	return nil
}

// namedUpdate returns the update that a request names, or uuid.Nil if it names
// an image.
func namedUpdate(body wire.OtaApplyRequest) (uuid.UUID, error) {
	if (body.UpdateID == "") == (body.ImageURL == "") {
		return uuid.Nil, failure(http.StatusBadRequest, "exactly one of update_id and image_url is needed")
	}
	if body.UpdateID == "" {
		return uuid.Nil, nil
	}
	id, err := parseUUID(body.UpdateID)
	if err != nil {
		return uuid.Nil, failure(http.StatusBadRequest, "invalid update_id: %s", err)
	}
	return id, nil
}

func (a *API) preflight(w http.ResponseWriter, r *http.Request) error {
	var body wire.OtaApplyRequest
	if err := decodeBody(r, &body); err != nil {
		return err
	}
	id, err := namedUpdate(body)
	if err != nil {
		return err
	}
	var report ota.Report
	if id != uuid.Nil {
		report, err = a.deps.OTA.Preflight(r.Context(), id)
	} else {
		report, err = a.deps.OTA.PreflightImage(r.Context(), imageRequest(body.OtaImageRequest, body.RequestedBy))
	}
	if err != nil {
		return otaFailure(err)
	}
	writeJSON(w, http.StatusOK, wire.OtaPreflight{
		UpdateID: report.UpdateID.String(), Ready: report.Ready, Transient: report.Transient, Report: preflightReport(report),
	})
	return nil
}

func (a *API) applyUpdate(w http.ResponseWriter, r *http.Request) error {
	var body wire.OtaApplyRequest
	if err := decodeBody(r, &body); err != nil {
		return err
	}
	id, err := namedUpdate(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), stageWait)
	defer cancel()
	if id != uuid.Nil {
		err = a.deps.OTA.Apply(ctx, id, body.RequestedBy)
	} else {
		id, err = a.deps.OTA.ApplyImage(ctx, imageRequest(body.OtaImageRequest, body.RequestedBy))
	}
	var notReady *ota.NotReadyError
	if errors.As(err, &notReady) {
		writeJSON(w, http.StatusConflict, wire.OtaNotReady{
			UpdateID: notReady.UpdateID.String(), Error: notReady.Error(), Preflight: preflightReport(notReady.Report),
		})
		return nil
	}
	if err != nil {
		return otaFailure(err)
	}
	writeJSON(w, http.StatusOK, wire.OtaAnswer{UpdateID: id.String(), Message: "apply scheduled"})
	return nil
}

func (a *API) cancelUpdate(w http.ResponseWriter, r *http.Request) error {
	var body wire.OtaCancelRequest
	if err := decodeBody(r, &body); err != nil {
		return err
	}
	id := uuid.Nil
	if body.UpdateID != "" {
		var err error
		if id, err = parseUUID(body.UpdateID); err != nil {
			return failure(http.StatusBadRequest, "invalid update_id")
		}
	}
	if state := a.deps.OTA.Snapshot().State; id == uuid.Nil && state != nil {
		id = state.UpdateID
	}
	if err := a.deps.OTA.Cancel(r.Context(), id, body.RequestedBy); err != nil {
		return otaFailure(err)
	}
	writeJSON(w, http.StatusOK, wire.OtaAnswer{UpdateID: id.String(), Message: "update canceled"})
	return nil
}

func (a *API) getUpdate(w http.ResponseWriter, _ *http.Request) error {
	snapshot := a.deps.OTA.Snapshot()
	writeJSON(w, http.StatusOK, wire.OtaStateAnswer{
		State: updaterStateOf(snapshot.State), CacheUsageBytes: snapshot.CacheUsageBytes, Storage: otaStorage(a.deps.OTA.Storage()),
	})
	return nil
}

func (a *API) listSlots(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), slotsWait)
	defer cancel()
	slots, err := a.deps.OTA.Slots(ctx)
	if err != nil && !errors.Is(err, ota.ErrNotPresent) {
		return otaFailure(err)
	}
	writeJSON(w, http.StatusOK, otaSlots(a.deps.OTA.Features(), slots, err))
	return nil
}

func (a *API) listUpdates(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, otaHistory(a.deps.OTA.History()))
	return nil
}
