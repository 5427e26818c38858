// Command otelapp is a program that OpenTelemetry's own SDK observes. It has a module of
// its own, so that the SDK is no dependency of the product. It waits for a line on
// standard input, exports two spans and a log record to where its environment says,
// and ends.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/log"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "otelapp:", err)
		os.Exit(1)
	}
	fmt.Println("exported all")
}

func run(ctx context.Context) error {
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	spans, err := otlptracehttp.New(ctx)
	if err != nil {
		return err
	}
	records, err := otlploghttp.New(ctx)
	if err != nil {
		return err
	}
	traces := trace.NewTracerProvider(trace.WithBatcher(spans))
	logs := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(records)))

	outer, parent := traces.Tracer("shop").Start(ctx, "order", api.WithSpanKind(api.SpanKindServer))
	_, child := traces.Tracer("shop").Start(outer, "charge", api.WithSpanKind(api.SpanKindClient))
	child.SetAttributes(attribute.String("card", "visa"))
	child.AddEvent("declined")
	child.SetStatus(codes.Error, "no money")
	child.End()
	parent.End()

	var r log.Record
	r.SetSeverity(log.SeverityWarn)
	r.SetBody(attribute.StringValue("charged twice"))
	logs.Logger("shop.cash").Emit(outer, r)
	return errors.Join(traces.Shutdown(ctx), logs.Shutdown(ctx))
}
