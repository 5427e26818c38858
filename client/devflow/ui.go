package devflow

// Kinds of events of the user interface, which are types of messages too.
const (
	UINavigation = "navigation"
	UILifecycle  = "lifecycle"
	UITreeChange = "treeChange"
	UIAlert      = "alert"
	UIError      = "error"
	UIAll        = "all" // in subscriptions: every kind
)

// States of an application's life.
const (
	StateStarted      = "started"
	StateResumed      = "resumed"
	StatePaused       = "paused"
	StateStopped      = "stopped"
	StateBackgrounded = "backgrounded"
	StateForegrounded = "foregrounded"
)

// Kinds of a tree change.
const (
	TreeAdded    = "added"
	TreeRemoved  = "removed"
	TreeModified = "modified"
)

// NavigationMessage tells of a change of page or screen.
type NavigationMessage struct {
	Type      string         `json:"type" const:"navigation"`
	Timestamp Timestamp      `json:"timestamp" format:"date-time"`
	Data      NavigationData `json:"data"`
}

// NavigationData is the payload of a NavigationMessage.
type NavigationData struct {
	From      *string   `json:"from" optional:"true"` // route that was left; null in the first message
	To        string    `json:"to"`                   // route that was entered
	Route     *string   `json:"route,omitempty"`      // pattern of the route
	Timestamp Timestamp `json:"timestamp" format:"date-time"`
}

// LifecycleMessage tells of a change in the application's life.
type LifecycleMessage struct {
	Type      string        `json:"type" const:"lifecycle"`
	Timestamp Timestamp     `json:"timestamp" format:"date-time"`
	Data      LifecycleData `json:"data"`
}

// LifecycleData is the payload of a LifecycleMessage.
type LifecycleData struct {
	// State is one of the State constants.
	State     string    `json:"state" enum:"started,resumed,paused,stopped,backgrounded,foregrounded"`
	Timestamp Timestamp `json:"timestamp" format:"date-time"`
}

// TreeChangeMessage tells of a change of the tree of visible elements.
type TreeChangeMessage struct {
	Type      string         `json:"type" const:"treeChange"`
	Timestamp Timestamp      `json:"timestamp" format:"date-time"`
	Data      TreeChangeData `json:"data"`
}

// TreeChangeData is the payload of a TreeChangeMessage.
type TreeChangeData struct {
	// ChangeType is one of the Tree constants.
	ChangeType  string    `json:"changeType" enum:"added,removed,modified"`
	ElementID   string    `json:"elementId"`
	ElementType string    `json:"elementType"`
	ParentID    *string   `json:"parentId" optional:"true"` // null for a root
	Timestamp   Timestamp `json:"timestamp" format:"date-time"`
}

// AlertMessage tells that a dialog has appeared.
type AlertMessage struct {
	Type      string    `json:"type" const:"alert"`
	Timestamp Timestamp `json:"timestamp" format:"date-time"`
	Data      AlertData `json:"data"`
}

// AlertData is the payload of an AlertMessage.
type AlertData struct {
	Title     *string   `json:"title" optional:"true"`
	Message   *string   `json:"message" optional:"true"`
	Buttons   []string  `json:"buttons"` // labels; may be empty
	Timestamp Timestamp `json:"timestamp" format:"date-time"`
}

// FailureMessage tells of an unhandled error of the application. It is never an error
// of the protocol.
type FailureMessage struct {
	Type      string      `json:"type" const:"error"`
	Timestamp Timestamp   `json:"timestamp" format:"date-time"`
	Data      FailureData `json:"data"`
}

// FailureData is the payload of a FailureMessage.
type FailureData struct {
	Message    string    `json:"message"`
	StackTrace *string   `json:"stackTrace" optional:"true"`
	Timestamp  Timestamp `json:"timestamp" format:"date-time"`
}

// UISubscribe names kinds of events: all means every kind. After all, the named ones
// replace it; otherwise they are added.
type UISubscribe struct {
	Type      string          `json:"type" const:"subscribe"`
	Timestamp Timestamp       `json:"timestamp,omitempty" format:"date-time"`
	Data      UISubscribeData `json:"data"`
}

// UISubscribeData is the payload of a UISubscribe and a UIUnsubscribe.
type UISubscribeData struct {
	// Events are some of the UI constants.
	Events []string `json:"events" enum:"navigation,lifecycle,treeChange,alert,error,all"`
}

// UIUnsubscribe takes kinds of events away; all means every kind.
type UIUnsubscribe struct {
	Type      string          `json:"type" const:"unsubscribe"`
	Timestamp Timestamp       `json:"timestamp,omitempty" format:"date-time"`
	Data      UISubscribeData `json:"data"`
}
