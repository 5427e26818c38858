// Package otlp receives what an application exports over the OpenTelemetry Protocol,
// OTLP/HTTP in protobuf and in JSON
// (https://opentelemetry.io/docs/specs/otlp/#otlphttp): spans become spans of the
// profiler, their events markers, log records log entries. Metrics are accepted and
// dropped, because an exporter that is refused complains.
//
//	POST /v1/traces, /v1/logs, /v1/metrics; Content-Encoding gzip or none
//
// Outside of a profiler session spans are dropped, as all producers do.
//
// # Bounds
//
// 64 connections; a body of 8 MiB after decompression, else 413; 10,000 spans or
// records of one request, the rest of which is rejected in the answer as the protocol
// has it (partial success); the texts of the recorder.
package otlp
