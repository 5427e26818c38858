package server

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain doubles as the program of another user: with a URL in the
// environment it makes that request and prints status and body.
func TestMain(m *testing.M) {
	if url := os.Getenv("SERVER_TEST_GET"); url != "" {
		os.Exit(get(url))
	}
	goleak.VerifyTestMain(m)
}

func get(url string) int {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if t := os.Getenv("SERVER_TEST_TOKEN"); t != "" {
		req.Header.Set("Authorization", "Bearer "+t)
	}
	if c := os.Getenv("SERVER_TEST_COOKIE"); c != "" {
		req.Header.Set("Cookie", c)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(resp.StatusCode)
	fmt.Println(string(body))
	return 0
}
