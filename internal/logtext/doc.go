// Package logtext makes log entries of what programs print: it recognises levels,
// times, categories and stack traces in the forms that are usual.
//
//   - JSON objects, one a line, as of slog, zap, zerolog, pino, bunyan, winston,
//     logrus, python-json-logger, tracing, ECS and GELF;
//   - key=value lines, as of slog's text handler and logrus;
//   - text that begins with a time, a level or both, in brackets or not: Python's
//     logging, Go's log, zap's console, log4j, logback, Spring Boot, env_logger,
//     tracing, klog, syslog, "<3>" of systemd, "ERROR: …", "[warn] …";
//   - stack traces of Go, Python, Node and Java, whose lines become the exception of
//     one entry.
//
// What is not recognised is kept as it is. The colours of terminals are taken out.
//
// The time in a line is believed if it is within an hour of when the line was read;
// such times are those of programs that hold their output back.
package logtext
