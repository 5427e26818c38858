package config

import "time"

// Limits belongs to the server: the bounds on what clients can take.
type Limits struct {
	// MaxConnections bounds HTTP connections that are not WebSockets.
	MaxConnections int `yaml:"max_connections"`
	// MaxConnectionsPerAddress bounds them per address that is not loopback.
	MaxConnectionsPerAddress int `yaml:"max_connections_per_address"`
	// MaxWebSockets bounds open WebSockets.
	MaxWebSockets int `yaml:"max_websockets"`
	// MaxHeaderBytes bounds the headers of a request.
	MaxHeaderBytes int `yaml:"max_header_bytes"`
	// MaxBodyBytes bounds the body of a request, uploads excepted.
	MaxBodyBytes int64 `yaml:"max_body_bytes"`
	// HeaderTimeout bounds the time for the headers of a request.
	HeaderTimeout time.Duration `yaml:"header_timeout"`
	// IdleTimeout ends a connection that asks for nothing.
	IdleTimeout time.Duration `yaml:"idle_timeout"`
	// StallTimeout ends a request or answer that makes no progress.
	StallTimeout time.Duration `yaml:"stall_timeout"`
	// ShutdownTimeout bounds the shutdown.
	ShutdownTimeout time.Duration `yaml:"shutdown_timeout"`
}

func defaultLimits() Limits {
	return Limits{
		MaxConnections:           8192,
		MaxConnectionsPerAddress: 512,
		MaxWebSockets:            16384,
		MaxHeaderBytes:           32 << 10,
		MaxBodyBytes:             1 << 20,
		HeaderTimeout:            10 * time.Second,
		IdleTimeout:              2 * time.Minute,
		StallTimeout:             30 * time.Second,
		ShutdownTimeout:          10 * time.Second,
	}
}

func (l *Limits) check(p *problems) {
	between(p, "limits.max_connections", l.MaxConnections, 1, 1<<20)
	between(p, "limits.max_connections_per_address", l.MaxConnectionsPerAddress, 1, 1<<20)
	between(p, "limits.max_websockets", l.MaxWebSockets, 1, 1<<20)
	between(p, "limits.max_header_bytes", l.MaxHeaderBytes, 4<<10, 1<<20)
	between(p, "limits.max_body_bytes", l.MaxBodyBytes, 4<<10, 1<<30)
	between(p, "limits.header_timeout", l.HeaderTimeout, time.Second, time.Minute)
	between(p, "limits.idle_timeout", l.IdleTimeout, time.Second, time.Hour)
	between(p, "limits.stall_timeout", l.StallTimeout, time.Second, time.Hour)
	between(p, "limits.shutdown_timeout", l.ShutdownTimeout, time.Second, 10*time.Minute)
}

func between[T int | int64 | time.Duration](p *problems, key string, v, least, most T) {
	if v < least || v > most {
		p.add(key, "%v is not between %v and %v", v, least, most)
	}
}
