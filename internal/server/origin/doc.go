// Package origin decides from the headers of a request whether a foreign web
// page is behind it.
//
// Two attacks matter. With DNS rebinding a page makes its own name point at the
// device, so that the browser takes the device for the page's own server: the
// Host header gives it away, see [Policy.CheckHost]. With cross-site requests
// and WebSockets a page lets the visitor's browser talk to the device with the
// visitor's rights: Origin and Sec-Fetch-Site give it away, see
// [Policy.CheckOrigin]. Browsers do not let pages forge these headers. Programs
// can, and gain nothing: these checks only ever refuse.
package origin
