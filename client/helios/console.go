package helios

import "time"

// ConsoleServerEvent is a server message of console.session: ConsoleReady,
// ConsoleOutput, ConsoleExit or ErrorEvent.
type ConsoleServerEvent interface{ consoleServerEvent() }

// ConsoleClientEvent is a client message of console.session: ConsoleInput or
// ConsoleResize, and on the multiplexed socket ConsoleOpen.
type ConsoleClientEvent interface{ consoleClientEvent() }

// ConsoleReady is the first message of console.session.
type ConsoleReady struct {
	Type      string `json:"type"` // "ready"
	SessionID string `json:"session_id" format:"uuid"`
	Shell     string `json:"shell"` // path of the program
	Cols      uint16 `json:"cols"`
	Rows      uint16 `json:"rows"`
}

// ConsoleOutput is output of the terminal.
type ConsoleOutput struct {
	Type string `json:"type"` // "output"
	Data string `json:"data"` // with escape sequences
}

// ConsoleExit says that the shell has ended.
type ConsoleExit struct {
	Type string `json:"type"` // "exit"
	Code *int64 `json:"code"` // null when ended by a signal
}

// ConsoleInput is text typed into the terminal.
type ConsoleInput struct {
	Type string `json:"type"` // "input"
	Data string `json:"data"`
}

// ConsoleResize changes the terminal's size.
type ConsoleResize struct {
	Type string `json:"type"` // "resize"
	Cols uint16 `json:"cols"` // clamped to 40..320
	Rows uint16 `json:"rows"` // clamped to 12..160
}

// ConsoleOpen opens the console of a multiplexed connection.
type ConsoleOpen struct {
	Type      string `json:"type"` // "open"
	SessionID string `json:"session_id,omitempty" format:"uuid"`
	Cols      uint16 `json:"cols,omitempty"`
	Rows      uint16 `json:"rows,omitempty"`
}

func (ConsoleReady) consoleServerEvent()  {}
func (ConsoleOutput) consoleServerEvent() {}
func (ConsoleExit) consoleServerEvent()   {}
func (ErrorEvent) consoleServerEvent()    {}
func (ConsoleInput) consoleClientEvent()  {}
func (ConsoleResize) consoleClientEvent() {}
func (ConsoleOpen) consoleClientEvent()   {}

// ConsoleSessionSummary describes a console session in HTTP answers.
type ConsoleSessionSummary struct {
	SessionID    string    `json:"session_id"`
	Shell        string    `json:"shell"`
	CreatedAt    time.Time `json:"created_at"`
	LastActivity time.Time `json:"last_activity"`
	ExitCode     *int64    `json:"exit_code,omitempty"`
	ClientCount  uint32    `json:"client_count"`
	Cols         uint16    `json:"cols"`
	Rows         uint16    `json:"rows"`
	Closed       bool      `json:"closed"` // the shell has ended
}

// ConsoleSessions is the answer of GET /v1/console/sessions.
type ConsoleSessions struct {
	Sessions []ConsoleSessionSummary `json:"sessions"` // latest activity first
}

// ConsoleCreate is the body of POST /v1/console/sessions.
type ConsoleCreate struct {
	Cols *uint64 `json:"cols,omitempty"` // default 120, clamped to 40..320
	Rows *uint64 `json:"rows,omitempty"` // default 34, clamped to 12..160
}
