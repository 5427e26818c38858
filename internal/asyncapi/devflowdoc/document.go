// Package devflowdoc describes the DevFlow Agent Protocol, as which its AsyncAPI and
// OpenAPI documents are generated: from the tables that internal/devflow serves.
package devflowdoc

import (
	"reflect"
	"strings"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/asyncapi"
	"github.com/heliograph/heliograph/internal/devflow"
)

// DefaultHost is the host in the generated documents. A server replaces it by the one
// that it was asked under.
const DefaultHost = "localhost:9223"

// Sources returns the directories, below the module's root, with the source of the wire
// types, and their import paths.
func Sources() map[string]string {
	return map[string]string{"client/devflow": "github.com/heliograph/heliograph/client/devflow"}
}

const about = "What an application is doing, live: its log, its HTTP exchanges, its profile, events of its user interface, " +
	"sensors and Bluetooth.\n\n"

// formats makes timestamps one component.
func formats() map[string]string { return map[string]string{"date-time": "Timestamp"} }

// Document describes the channels.
func Document() asyncapi.Document {
	doc := asyncapi.Document{
		Info: asyncapi.Info{
			Title: "DevFlow Agent Protocol", Version: "1.0.0",
			Description: about + "Each channel is a WebSocket of its own; parameters are in the query of the handshake. Every message, " +
				"in both directions, is a JSON object with type, timestamp and, but for cleared and clear, data. Members that are " +
				"marked \"mirror\" are sent only to clients that asked for them with compat=mirror.\n\n" +
				"Operations with the action `send` are what a client sends, those with `receive` what it receives.",
			Tags: tags(),
		},
		Server: asyncapi.Server{
			Name: "agent", Host: DefaultHost, Protocol: "ws", Description: "The agent that served this document.",
		},
		Formats: formats(),
	}
	for _, ch := range devflow.Channels() {
		doc.Channels = append(doc.Channels, channel(ch))
	}
	return doc
}

func tags() []asyncapi.Tag {
	return []asyncapi.Tag{
		{Name: "agent", Description: "The agent and its documents."},
		{Name: "ble", Description: "Bluetooth Low Energy events."},
		{Name: "device", Description: "The device that the application runs on."},
		{Name: "logs", Description: "The application's log."},
		{Name: "network", Description: "HTTP exchanges of the application."},
		{Name: "profiler", Description: "Samples, markers and spans."},
		{Name: "sensors", Description: "Sensors of the device."},
		{Name: "ui", Description: "Events of the user interface."},
	}
}

// texts are the summary and description of a channel.
func texts(name string) (summary, description string) {
	switch name {
	case "ble":
		return "Bluetooth events", "Replays buffered events, oldest first, and then sends each new one. With scan=true the device " +
			"scans as long as the connection is open."
	case "sensors":
		return "Sensor readings", "Sends readings of the sensor that the query names, and of those that are subscribed to later."
	case "logs":
		return "Log entries", "Replays buffered entries, newest first, and then sends each new one."
	case "network":
		return "HTTP exchanges", "Replays buffered exchanges, newest first, and then sends each new one when it has finished or failed."
	case "profiler":
		return "Profiler data", "Sends batches of what is new in a session, and ends with stopped."
	case "ui":
		return "User interface events", "Sends the present state, and then the events that the client is subscribed to."
	}
	return name, ""
}

func channel(ch *devflow.Channel) asyncapi.Channel {
	summary, description := texts(ch.Name)
	if ch.Alias != "" {
		description += " Also at " + ch.Alias + "."
	}
	query := asyncapi.Inline(reflect.ValueOf(ch.Params()).Elem().Interface())
	c := asyncapi.Channel{
		Name: ch.Name, Address: ch.Path, Operation: ch.Name, Summary: summary, Description: description,
		Tags: []string{ch.Name}, Query: &query,
	}
	for _, m := range ch.Client {
		c.Requests = append(c.Requests, message(m))
	}
	for _, m := range ch.Server {
		c.Replies = append(c.Replies, message(m))
	}
	return c
}

func message(m any) asyncapi.Message {
	return asyncapi.Message{Name: reflect.TypeOf(m).Name(), Payload: asyncapi.OfValue(m)}
}

// HTTP describes the endpoints.
func HTTP() asyncapi.HTTPDocument {
	doc := asyncapi.HTTPDocument{
		Info: asyncapi.Info{
			Title: "DevFlow Agent Protocol", Version: "1.0.0", Tags: tags(),
			Description: about + "Every change answers 200 with success: true. Members that are marked \"mirror\" are sent only to clients " +
				"that asked for them with compat=mirror.",
		},
		URL:     "http://" + DefaultHost,
		Failure: asyncapi.Of[wire.ErrorBody](),
		Formats: formats(),
	}
	for _, e := range devflow.Endpoints() {
		op := asyncapi.HTTPOperation{
			ID: e.ID, Method: e.Method, Path: e.Path, Summary: e.Summary, Tag: tagOf(e.Path), Query: e.Params,
			Answer: asyncapi.OfValue(e.Answer), MediaType: e.MediaType, Fails: append([]int{403, 500}, e.Fails...),
		}
		if strings.Contains(e.Path, "{") {
			op.Fails = append(op.Fails, 404)
		}
		if e.Body != nil {
			body := asyncapi.OfValue(e.Body)
			op.Body = &body
			op.Fails = append(op.Fails, 413)
		}
		doc.Operations = append(doc.Operations, op)
	}
	return doc
}

// tagOf finds the group of a path.
func tagOf(path string) string {
	for _, tag := range []string{"/ble", "/sensors", "/logs", "/network", "/profiler", "/device"} {
		if strings.Contains(path, tag) {
			return tag[1:]
		}
	}
	return "agent"
}
