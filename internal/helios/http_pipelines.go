package helios

import (
	"net/http"

	"github.com/heliograph/heliograph/internal/imaging"
)

// pipelineRoutes adds the endpoint for pipeline editors, which is our own.
func (a *API) pipelineRoutes(mux *http.ServeMux) {
	mux.Handle("GET /v1/pipelines/processors", a.view(a.getProcessors))
}

// processorList is the answer of GET /v1/pipelines/processors.
type processorList struct {
	Processors []processor `json:"processors"`
	MaxSteps   int         `json:"max_steps"` // of a pipeline
}

// processor is a kind of step that pipelines can be made of.
type processor struct {
	Name string `json:"name"` // "kind" of a step
	Doc  string `json:"doc"`
	// Data tells that a step has a data output besides that of its picture, and
	// LocalizationKind what the data locates, if that.
	Data             bool             `json:"data"`
	LocalizationKind string           `json:"localization_kind,omitempty"`
	Params           []processorParam `json:"params"` // never null
}

// processorParam is a parameter of a processor.
type processorParam struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
	Type string `json:"type"` // "number" or "string"
	// Min and Max are of numbers.
	Min     *float64 `json:"min,omitempty"`
	Max     *float64 `json:"max,omitempty"`
	Default any      `json:"default"`
}

// getProcessors answers with what pipelines can be made of. The list is the same as
// long as the program runs.
func (a *API) getProcessors(w http.ResponseWriter, _ *http.Request) error {
	list := processorList{MaxSteps: imaging.MaxSteps}
	for _, k := range imaging.Kinds() {
		p := processor{Name: k.Name, Doc: k.Doc, Data: k.Data, LocalizationKind: k.Localization, Params: []processorParam{}}
		for _, param := range k.Params {
			p.Params = append(p.Params, paramOf(param))
		}
		list.Processors = append(list.Processors, p)
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

func paramOf(p imaging.Param) processorParam {
	out := processorParam{Name: p.Name, Doc: p.Doc, Type: "string", Default: p.Default}
	if _, ok := p.Default.(float64); ok {
		out.Type, out.Min, out.Max = "number", &p.Min, &p.Max
	}
	return out
}
