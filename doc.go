// Package heliograph lets you look into a running Go program: its log, the HTTP
// exchanges it makes and serves, its profile, what its user interface does, its
// sensors and Bluetooth, live in a browser or any client of the DevFlow Agent
// Protocol.
//
// Five lines are enough:
//
//	agent := heliograph.New(nil)
//	defer agent.Close()
//	go agent.ListenAndServe(ctx)
//	slog.SetDefault(slog.New(agent.SlogHandler(slog.NewTextHandler(os.Stderr, nil))))
//	client := &http.Client{Transport: agent.RoundTripper(nil)}
//
// Then, on the same machine, look at it with any client of the protocol:
//
//	heliograph agents
//	curl http://127.0.0.1:9223/api/v1/logs
//	websocat 'ws://127.0.0.1:9223/ws/v1/network?replay=100'
//
// # What it costs
//
// While nobody looks, a log record and an HTTP request cost one atomic load more than
// without the agent: some nanoseconds, and no memory is allocated. Log records from
// warnings on, lifecycle, navigation, alerts, reported panics and Bluetooth events are
// recorded always, because they are rare and tell what happened before somebody
// looked. Everything else is recorded from the first interest on until ten minutes
// after the last.
//
// The agent never makes the program wait: nothing that it does blocks on a client, a
// broker or a disk, and all it keeps is bounded, see [Limits].
//
// A nil *Agent is valid and does nothing: handlers, transports and middleware return
// what they were given. So whether there is an agent can be decided in one place.
//
// # Who may look
//
// ListenAndServe listens on 127.0.0.1, and lets in the programs of the user that the
// program runs as, and of root. Web pages of other origins are kept out. A handler
// that is mounted in a server of your own answers to this machine only. See
// [Options.AllowRemote] before you open it to others: whoever can look sees what
// the program logs and sends.
//
// Secrets are masked before they are kept: values of headers, query parameters, form
// fields, JSON members and log attributes with telling names, and what looks like a
// key or token. See [Options.Reveal].
package heliograph
