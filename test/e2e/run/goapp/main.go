// Command goapp is an ordinary program that knows nothing of heliograph: it asks the
// URLs of its arguments and says what it got.
package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	for _, url := range os.Args[1:] {
		resp, err := http.Post(url, "application/json", strings.NewReader(`{"by":"go"}`))
		if err != nil {
			log.Error("ask", "err", err)
			os.Exit(4)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		log.Info("asked", "status", resp.StatusCode, "err", err)
		fmt.Printf("%s\n", body)
	}
}
