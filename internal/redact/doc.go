// Package redact takes secrets out of what was captured of HTTP exchanges, so that
// they are never kept, and replaces them by [Mask].
//
// A value is a secret because of the name it goes by (a header, a parameter, a form
// field, a member of a JSON object, an element or attribute of XML), or because of
// how it looks (a bearer token, a private key, the keys of well-known services,
// a password in a URL). The first is exact for everything with a telling name; the
// second is a net below it, and neither can know that a field called "note" holds a
// password.
//
// Bodies may be cut anywhere: no function needs its input to be well-formed, none
// fails, and a value that is cut in the middle is masked as far as it goes.
package redact

// Mask stands where a secret was.
const Mask = "***"
