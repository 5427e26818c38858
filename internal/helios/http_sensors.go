package helios

import (
	"errors"
	"net/http"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/source/led"
	"github.com/heliograph/heliograph/internal/topic"
)

func (a *API) sensorRoutes(mux *http.ServeMux) {
	mux.Handle("GET /v1/device/imu", a.view(a.getIMU))
	mux.Handle("PATCH /v1/device/imu", a.control(a.patchIMU))
	mux.Handle("GET /v1/device/power", a.view(a.getPower))
	mux.Handle("POST /v1/device/lighting", a.control(a.setLighting))
	mux.Handle("GET /v1/device/lighting/state", a.view(a.getLighting))
	mux.Handle("GET /v1/device/lighting/config", a.view(a.getLightingConfig))
	mux.Handle("POST /v1/device/lighting/config", a.control(a.setLightingConfig))
	mux.Handle("POST /v1/device/lighting/config/reset", a.control(a.resetLightingConfig))
	mux.Handle("GET /v1/device/lighting/animations", a.view(a.getAnimations))
	mux.Handle("POST /v1/device/lighting/animations", a.control(a.saveAnimation))
	mux.Handle("DELETE /v1/device/lighting/animations/{name}", a.control(a.removeAnimation))
}

func (a *API) getIMU(w http.ResponseWriter, r *http.Request) error {
	status, err := a.deps.IMU.Status(r.Context())
	if err != nil {
		return failure(http.StatusServiceUnavailable, "%s", err)
	}
	writeJSON(w, http.StatusOK, imuStatus(status))
	return nil
}

func (a *API) patchIMU(w http.ResponseWriter, r *http.Request) error {
	var body wire.ImuUpdateRequest
	if err := decodeBody(r, &body); err != nil {
		return err
	}
	status, err := a.deps.IMU.Update(r.Context(), iio.Patch(body))
	var field *iio.FieldError
	switch {
	case errors.As(err, &field), errors.Is(err, iio.ErrEmptyPatch):
		return failure(http.StatusBadRequest, "%s", err)
	case errors.Is(err, topic.ErrNotPresent), errors.Is(err, topic.ErrClosed), errors.Is(err, iio.ErrMoving):
		return failure(http.StatusServiceUnavailable, "%s", err)
	case err != nil:
		return failure(http.StatusBadGateway, "%s", err)
	}
	writeJSON(w, http.StatusOK, imuStatus(status))
	return nil
}

func (a *API) getPower(w http.ResponseWriter, _ *http.Request) error {
	status, err := a.deps.Power.Status()
	if err != nil {
		return peripheralFailure(err)
	}
	writeJSON(w, http.StatusOK, powerStatus(status))
	return nil
}

// peripheralFailure is how a driven device's error is told: 503 if there is no
// such device, 502 if it failed, 400 if the request was bad.
func peripheralFailure(err error) error {
	var field *led.FieldError
	switch {
	case errors.As(err, &field):
		return failure(http.StatusBadRequest, "%s", err)
	case errors.Is(err, led.ErrUnknownAnimation):
		return failure(http.StatusNotFound, "%s", err)
	case errors.Is(err, topic.ErrNotPresent), errors.Is(err, led.ErrDisabled), errors.Is(err, led.ErrTooMany):
		return failure(http.StatusServiceUnavailable, "%s", err)
	default:
		return failure(http.StatusBadGateway, "%s", err)
	}
}

func (a *API) setLighting(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Frame      []led.Color    `json:"frame"`
		Brightness *uint8         `json:"brightness"`
		Animation  *led.Animation `json:"animation"`
	}
	if err := decodeBody(r, &body); err != nil {
		return err
	}
	return noContent(w, a.deps.Lighting.Apply(led.Command{Frame: body.Frame, Brightness: body.Brightness, Animation: body.Animation}))
}

// noContent answers a command that has nothing to tell but its failure.
func noContent(w http.ResponseWriter, err error) error {
	if err != nil {
		return peripheralFailure(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) getLighting(w http.ResponseWriter, _ *http.Request) error {
	state, err := a.deps.Lighting.State()
	if err != nil {
		return peripheralFailure(err)
	}
	writeJSON(w, http.StatusOK, lightingState(state))
	return nil
}

// lightingConfig is the body of the endpoints for the configuration.
type lightingConfig struct {
	Lighting *led.Config `json:"lighting"`
}

func (a *API) getLightingConfig(w http.ResponseWriter, _ *http.Request) error {
	config := a.deps.Lighting.Config()
	writeJSON(w, http.StatusOK, lightingConfig{&config})
	return nil
}

func (a *API) setLightingConfig(w http.ResponseWriter, r *http.Request) error {
	var body lightingConfig
	if err := decodeBody(r, &body); err != nil {
		return err
	}
	if body.Lighting == nil {
		return failure(http.StatusBadRequest, "lighting is missing")
	}
	return noContent(w, a.deps.Lighting.SetConfig(*body.Lighting))
}

func (a *API) resetLightingConfig(w http.ResponseWriter, _ *http.Request) error {
	config, err := a.deps.Lighting.ResetConfig()
	if err != nil {
		return peripheralFailure(err)
	}
	writeJSON(w, http.StatusOK, lightingConfig{&config})
	return nil
}

func (a *API) getAnimations(w http.ResponseWriter, _ *http.Request) error {
	saved := a.deps.Lighting.Animations()
	if saved == nil {
		saved = []led.Saved{}
	}
	writeJSON(w, http.StatusOK, map[string][]led.Saved{"animations": saved})
	return nil
}

func (a *API) saveAnimation(w http.ResponseWriter, r *http.Request) error {
	var body led.Saved
	if err := decodeBody(r, &body); err != nil {
		return err
	}
	return noContent(w, a.deps.Lighting.SaveAnimation(body.Name, body.Animation))
}

func (a *API) removeAnimation(w http.ResponseWriter, r *http.Request) error {
	return noContent(w, a.deps.Lighting.RemoveAnimation(r.PathValue("name")))
}
