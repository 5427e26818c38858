package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
)

// Print the load of a device until the program is stopped, telling when the
// values are old.
func Example() {
	ctx := context.Background()
	c, err := client.Dial(ctx, "http://127.0.0.1:5800", client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	sub, err := c.Telemetry(ctx, helios.TelemetryParams{IntervalMS: 500})
	if err != nil {
		log.Fatal(err)
	}
	for e, err := range sub.All(ctx) {
		switch {
		case err != nil:
			log.Fatal(err)
		case e.Gap != nil && e.Gap.Back():
			fmt.Println("connected again")
		case e.Gap != nil:
			fmt.Println("no connection since", e.Gap.Since)
		case e.Err == nil:
			fmt.Printf("CPU %.1f %%\n", e.Value.CPU.UsagePercent)
		}
	}
}

// Reach a device from elsewhere: with a token, and with the fingerprint of the
// certificate that it signed itself.
func ExampleDial() {
	c, err := client.Dial(context.Background(), "https://robot.local:5800", client.Options{
		Token:       os.Getenv("HELIOGRAPH_TOKEN"),
		Fingerprint: os.Getenv("ROBOT_FINGERPRINT"),
		Reconnect:   client.Reconnect{MaxWait: 5 * time.Second, GiveUpAfter: time.Minute},
	})
	switch {
	case errors.Is(err, client.ErrUnreachable):
		fmt.Println("the robot is off:", err)
	case errors.Is(err, client.ErrNotAllowed):
		fmt.Println("the token is not accepted:", err)
	case err == nil:
		fmt.Println("connected to", c.URL())
		c.Close()
	}
}

// Print the last ten kernel messages.
func ExampleClient_Logs() {
	ctx := context.Background()
	c, err := client.New("http://127.0.0.1:5800", client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	sub, err := c.Logs(ctx, helios.LogsParams{Source: "dmesg", Lines: 10})
	if err != nil {
		log.Fatal(err)
	}
	defer sub.Close()
	for {
		e, err := sub.Next(ctx)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		if line, ok := e.Value.(helios.LogsLine); ok {
			fmt.Println(line.Line)
		}
	}
}

// Run one command in a shell of the device.
func ExampleClient_Console() {
	ctx := context.Background()
	c, err := client.New("http://127.0.0.1:5800", client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	console, err := c.Console(ctx, helios.ConsoleParams{Cols: 80, Rows: 24})
	if err != nil {
		log.Fatal(err)
	}
	defer console.Close()
	if _, err := console.Write([]byte("uname -a; exit\n")); err != nil {
		log.Fatal(err)
	}
	for e, err := range console.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if out, ok := e.Value.(helios.ConsoleOutput); ok {
			fmt.Print(out.Data)
		}
	}
}

// Watch two channels raw on one connection.
func ExampleClient_WatchAll() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := client.New("http://127.0.0.1:5800", client.Options{})
	if err != nil {
		log.Fatal(err)
	}
	sub, err := c.WatchAll(ctx,
		client.Request{Channel: helios.ChannelDevices},
		client.Request{Channel: helios.ChannelTelemetry, Params: client.Params{"interval_ms": 2000}})
	if err != nil {
		log.Fatal(err)
	}
	for e, err := range sub.All(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %s\n", e.Value.Channel, e.Value.Payload)
	}
}
