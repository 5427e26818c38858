// Package broker speaks with brokers of DevFlow tools: programs on this machine that
// know which agents there are and where each listens.
//
// An agent keeps a WebSocket to ws://localhost:PORT/ws/agent open, whose first message
// registers it; that the socket is open is the sign that it lives. Tools ask
// GET /api/agents. There need not be a broker: agents try again for ever, and tools
// look for agents themselves.
package broker
