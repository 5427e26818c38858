package main

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// connections of the clients, which are kept alive.
const connections = 50

// load asks for the target until the time is over, and returns how many answers came.
func load(target string, via *proxy, length time.Duration) (n int64, took time.Duration, err error) {
	tr := &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}
	defer tr.CloseIdleConnections()
	if via != nil {
		u, err := url.Parse(via.url)
		if err != nil {
			return 0, 0, err
		}
		tr.Proxy = http.ProxyURL(u)
	}
	var (
		wg     sync.WaitGroup
		done   atomic.Int64
		failed [connections]error
	)
	began := time.Now()
	for i := range connections {
		wg.Go(func() {
			for time.Since(began) < length && failed[i] == nil {
				failed[i] = ask(tr, target)
				done.Add(1)
			}
		})
	}
	wg.Wait()
	return done.Load(), time.Since(began), errors.Join(failed[:]...)
}

func ask(tr *http.Transport, target string) error {
	req, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
