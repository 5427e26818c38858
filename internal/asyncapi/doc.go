// Package asyncapi makes AsyncAPI 3.0.0 and OpenAPI 3.1 documents from a neutral description of
// a protocol and from the Go types of its messages, and checks messages against
// such documents.
//
// A Document lists channels and their messages. What a message looks like is
// said by a Type; most types are reflected from Go structs. A field's presence
// follows its JSON tag: with omitempty or omitzero it is optional, otherwise
// required; a pointer that is required may be null. The tags default, minimum,
// maximum, format and enum (values separated by commas) become keywords of the
// same name; the tag nullable:"true" lets a required slice or map be null, const fixes
// the value of a string, and optional:"true" makes a field that is always sent, perhaps
// as null, one that clients must not insist on. The fields of an embedded pointer are
// optional.
// Descriptions come from the doc comments in the types' source.
//
// The output depends on nothing but its input, so that the committed document
// can be compared with a newly made one.
package asyncapi
