// Package devflow serves the DevFlow Agent Protocol: the WebSocket channels below
// /ws/v1/ and the HTTP endpoints below /api/v1/, for one application whose model is a
// recorder.Recorder. It knows nothing of how the recorder is fed.
//
// All channels stand in one table ([Channels]), all endpoints in another
// ([Endpoints]); what is in neither is 404. The documents of the protocol are made
// from both.
//
// # Mounting
//
// On its own, for example in the SDK:
//
//	agent := devflow.New(devflow.Deps{Recorder: rec, Name: "my-agent", Version: "1.0.0"})
//	server := http.Server{Addr: "127.0.0.1:9223", Handler: agent.Handler()}
//	…
//	err := agent.Shutdown(ctx) // connections get close code 1001
//
// The handler then keeps foreign pages out by Host and Origin, and lets everybody else
// in. Behind a server that checks who asks, such as internal/server, Deps.Guarded is
// set: the checks of Host and Origin are left to that server, and what changes something
// needs the scope control, everything else the scope view.
//
// # The way of an item
//
// Items of the recorder are encoded once for all clients that want the same form, of
// which there are two: with and without the compatibility mirror. Connections pull
// frames from subscriptions; filters are applied before anything is encoded. A client
// that falls behind what the recorder holds for it is closed with 1013.
package devflow
