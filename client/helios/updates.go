package helios

// RealtimeUpdatesEvent is a message of updates.stream: UpdatesReady,
// UpdatesHeartbeat, UpdatesChange or ErrorEvent.
type RealtimeUpdatesEvent interface{ realtimeUpdatesEvent() }

// UpdatesReady is the first message of updates.stream.
type UpdatesReady struct {
	Type        string `json:"type"`         // "ready"
	HeartbeatMS uint64 `json:"heartbeat_ms"` // in force after clamping
}

// UpdatesHeartbeat shows that the channel is alive.
type UpdatesHeartbeat struct {
	Type        string `json:"type"` // "heartbeat"
	TimestampMS uint64 `json:"timestamp_ms"`
}

// UpdatesChange tells of one change.
type UpdatesChange struct {
	Type  string              `json:"type"` // "change"
	Event RealtimeUpdateEvent `json:"event"`
}

func (UpdatesReady) realtimeUpdatesEvent()     {}
func (UpdatesHeartbeat) realtimeUpdatesEvent() {}
func (UpdatesChange) realtimeUpdatesEvent()    {}
func (ErrorEvent) realtimeUpdatesEvent()       {}

// RealtimeUpdateEvent is one entry of the change journal.
type RealtimeUpdateEvent struct {
	Seq         uint64 `json:"seq" minimum:"1"` // from 1, one more per event of this server process
	TimestampMS uint64 `json:"timestamp_ms"`    // when the change was recorded
	// "http" or "ws".
	Origin string `json:"origin" enum:"http,ws"`
	// The part of Kind before the dot.
	Domain string `json:"domain" enum:"api,device,localization,media,pipelines,settings,streams"`
	Kind   string `json:"kind"` // dotted name
	// "create", "update" or "delete".
	Operation  string `json:"operation" enum:"create,update,delete"`
	Entity     string `json:"entity"`
	Revision   uint64 `json:"revision" minimum:"1"` // grows per Kind and ResourceID
	ResourceID string `json:"resource_id,omitempty"`
	Path       string `json:"path"`                 // of the request, without query
	Method     string `json:"method,omitempty"`     // lower-case HTTP method, or the WS operation
	RequestID  string `json:"request_id,omitempty"` // x-request-id
}
