// Package attach tests the verb attach: the binary that is shipped looks into a
// real Chromium that shows pages of a server of the tests, and what its clients get
// is compared with what the pages did and what that server saw.
package attach
