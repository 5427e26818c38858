package cdp

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/chromedp/cdproto/runtime"
)

// maxRendered bounds the text of one console message, in bytes.
const maxRendered = 64 << 10

// render writes the arguments of a console call as DevTools does: the format of the
// first is applied, the others follow.
func render(list []*runtime.RemoteObject) string {
	var b strings.Builder
	if len(list) > 0 && list[0] != nil && string(list[0].Type) == "string" {
		list = format(&b, text(list[0]), list[1:])
	}
	for _, arg := range list {
		if b.Len() > maxRendered {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(value(arg, false))
	}
	if b.Len() > maxRendered {
		return strings.ToValidUTF8(b.String()[:maxRendered], "") + "…"
	}
	return b.String()
}

// format writes a text with its directives replaced by arguments, and returns the
// arguments that are left.
func format(b *strings.Builder, f string, args []*runtime.RemoteObject) []*runtime.RemoteObject {
	for {
		at := strings.IndexByte(f, '%')
		if at < 0 || at+1 == len(f) {
			b.WriteString(f)
			return args
		}
		b.WriteString(f[:at])
		directive := f[at+1]
		switch {
		case directive == '%':
			b.WriteByte('%')
		case strings.IndexByte("sdifoOc", directive) < 0 || len(args) == 0:
			b.WriteString(f[at : at+2])
		default:
			b.WriteString(directed(directive, args[0]))
			args = args[1:]
		}
		f = f[at+2:]
	}
}

// directed writes an argument by its directive.
func directed(directive byte, arg *runtime.RemoteObject) string {
	switch directive {
	case 'c': // a style
		return ""
	case 'd', 'i':
		if n, err := strconv.ParseFloat(text(arg), 64); err == nil {
			return strconv.FormatFloat(math.Trunc(n), 'f', -1, 64)
		}
		return "NaN"
	case 'f':
		if n, err := strconv.ParseFloat(text(arg), 64); err == nil {
			return strconv.FormatFloat(n, 'f', -1, 64)
		}
		return "NaN"
	case 'o', 'O':
		return value(arg, true)
	}
	return value(arg, false)
}

// text returns a string's value, and what stands for anything else.
func text(o *runtime.RemoteObject) string {
	var s string
	if o == nil {
		return ""
	}
	if json.Unmarshal(o.Value, &s) == nil {
		return s
	}
	if len(o.Value) > 0 {
		return string(o.Value)
	}
	return string(o.UnserializableValue)
}

// value writes one argument; quoted tells that strings are in quotes, as within
// objects.
func value(o *runtime.RemoteObject, quoted bool) string {
	switch {
	case o == nil:
		return ""
	case string(o.Type) == "string" && quoted:
		return quote(text(o))
	case string(o.Type) == "undefined":
		return "undefined"
	case string(o.Subtype) == "null":
		return "null"
	case string(o.Type) == "function":
		name, _, _ := strings.Cut(o.Description, "{")
		return "ƒ " + strings.TrimPrefix(strings.TrimSpace(name), "function ")
	case string(o.Subtype) == "error": // its stack becomes the exception of the entry
		message, _ := splitStack(o.Description)
		return message
	case string(o.Subtype) == "node" || string(o.Subtype) == "regexp" || string(o.Subtype) == "date":
		return o.Description
	case o.Preview != nil:
		return preview(o.Preview)
	case len(o.Value) > 0 || o.UnserializableValue != "":
		return text(o)
	}
	return o.Description
}

// preview writes an object by what the browser sent of it.
func preview(o *runtime.ObjectPreview) string {
	list := string(o.Subtype) == "array" || string(o.Subtype) == "typedarray"
	var parts []string
	for _, e := range o.Entries {
		if e == nil || e.Value == nil {
			continue
		}
		part := short(e.Value)
		if e.Key != nil {
			part = short(e.Key) + " => " + part
		}
		parts = append(parts, part)
	}
	for _, p := range o.Properties {
		if p == nil || len(o.Entries) > 0 && p.Name == "size" { // of a map or set, which its description has
			continue
		}
		part := property(p)
		if _, err := strconv.Atoi(p.Name); !list || err != nil {
			part = p.Name + ": " + part
		}
		parts = append(parts, part)
	}
	if o.Overflow {
		parts = append(parts, "…")
	}
	inside := strings.Join(parts, ", ")
	switch {
	case list:
		_, size, _ := strings.Cut(o.Description, "(")
		size = strings.TrimSuffix(size, ")")
		if n, err := strconv.Atoi(size); err == nil && n > 1 {
			return "(" + size + ") [" + inside + "]"
		}
		return "[" + inside + "]"
	case o.Description == "Object" || o.Description == "":
		return "{" + inside + "}"
	}
	return o.Description + " {" + inside + "}"
}

// short writes an object within an object.
func short(o *runtime.ObjectPreview) string {
	if string(o.Type) == "string" {
		return quote(o.Description)
	}
	if len(o.Properties) > 0 {
		return preview(o)
	}
	return o.Description
}

func property(p *runtime.PropertyPreview) string {
	switch {
	case string(p.Type) == "string":
		return quote(p.Value)
	case string(p.Type) == "function":
		return "ƒ"
	case string(p.Type) == "accessor":
		return "(...)"
	case string(p.Type) == "object" && p.Value == "Object":
		return "{…}"
	}
	return p.Value
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `\'`) + "'" }

// errorText returns the text with the stack of the first error among arguments.
func errorText(list []*runtime.RemoteObject) string {
	for _, o := range list {
		if o != nil && string(o.Subtype) == "error" {
			return o.Description
		}
	}
	return ""
}

// splitStack parts the description of an error into message and stack.
func splitStack(description string) (message, trace string) {
	message, trace, found := strings.Cut(description, "\n    at ")
	if found {
		trace = "    at " + trace
	}
	return message, trace
}
