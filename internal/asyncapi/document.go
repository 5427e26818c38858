package asyncapi

// Document describes a protocol.
type Document struct {
	Info     Info
	Server   Server
	Channels []Channel

	// Extension holds channels and messages that are an addition to the
	// protocol's published set; nil for none. They are written to an x- section,
	// so that clients generated from the document are what they would be without.
	Extension *Extension

	// Unions are the tagged unions among the messages' types.
	Unions []UnionType
	// Open holds values of the struct types that are described but not
	// enforced: none of their fields is required and others may be present.
	Open []any
	// Formats names components for string formats, for example Uuid for uuid.
	Formats map[string]string
}

// Info is the head of a Document.
type Info struct {
	Title       string
	Version     string
	Description string
	Tags        []Tag
}

// Tag groups channels.
type Tag struct {
	Name        string
	Description string
}

// Server is where the channels are.
type Server struct {
	Name        string // key in the document
	Host        string
	Protocol    string // for example "ws"
	Description string
}

// Channel is one conversation.
type Channel struct {
	Name        string // key in the document
	Address     string // empty means Name
	Operation   string // key of its operations in the document; empty means none
	Summary     string
	Description string
	Tags        []string
	Parameters  []Parameter // one for each {name} in the address
	Query       *Type       // the query of the handshake: a struct; nil for none
	Requests    []Message   // from client to server
	Replies     []Message   // from server to client
}

// Parameter is a variable part of a channel's address.
type Parameter struct {
	Name        string
	Description string
	Type        Type // written as x-schema
}

// Message is one kind of message of a channel. Where its texts and tags are
// empty, those of its channel apply.
type Message struct {
	Name        string
	Summary     string
	Description string
	Payload     Type // the whole message
}

// Extension is an x- section of a Document.
type Extension struct {
	Key         string // with the x-
	Description string
	Channels    []Channel
}
