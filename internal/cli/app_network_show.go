package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/client/devflow"
)

// maxDump is how much of a body is shown that is no text.
const maxDump = 256

func newAppNetworkShow(a *appShared) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show one exchange with headers and bodies",
		Long: `Show one HTTP exchange: the request, the answer, their headers and bodies. JSON and
forms are laid out for reading; of a body that is no text the first bytes are shown. With
--json everything is as the agent has it, bodies that are no text in base64.

` + exitCodesHelp,
		Example: `  heliograph app network show 9f1c0b7a22de
  heliograph app network show 9f1c0b7a22de --json | jq -r .responseBody`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error { return runAppNetworkShow(cmd.Context(), a, list[0]) },
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, list []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(list) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return requestNames(cmd.Context(), a), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

func runAppNetworkShow(ctx context.Context, a *appShared, id string) error {
	if id == "" {
		return usagef("the id is empty")
	}
	c, err := a.dialAgent(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	detail, err := c.Request(ctx, id)
	if err != nil {
		return err
	}
	if a.remote.json {
		return printRaw(a.streams.Out, detail.Raw)
	}
	_, err = io.WriteString(a.streams.Out, a.exchange(detail.Value))
	return err
}

// exchange lays an exchange out for reading.
func (a *appShared) exchange(e devflow.NetworkRequestDetail) string {
	p, safe := a.painter(), a.safe()
	side := func(headers map[string][]string, body, encoding string, cut *bool, mediaType string, size *int64) string {
		var b strings.Builder
		for _, name := range sortedKeys(headers) {
			for _, value := range headers[name] {
				b.WriteString(p.paint(styleDim, plain(name)+":") + " " + safe(value) + "\n")
			}
		}
		if body != "" {
			b.WriteString("\n" + safe(readableBody(body, encoding, mediaType)) + "\n")
		}
		if cut != nil && *cut {
			fmt.Fprintf(&b, "%s\n", p.paint(styleAmber, "[cut: the whole body has "+wholeSize(size)+"]"))
		}
		return b.String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.paint(styleBold, plain(e.Method)+" "+safe(e.URL)))
	b.WriteString(side(e.RequestHeaders, e.RequestBody, e.RequestBodyEncoding, e.RequestBodyTruncated, e.RequestContentType, e.RequestSize))
	status, style := statusWord(e.StatusCode)
	took := fmt.Sprintf("%s in %s, begun at %s", sizeOf(e.ResponseSize), millis(float64(e.DurationMs)), clock(e.Timestamp))
	fmt.Fprintf(&b, "\n%s (%s)\n", p.paint(styleBold+style, strings.TrimSpace(status+" "+plain(e.StatusText))), took)
	if e.Error != "" {
		fmt.Fprintf(&b, "%s\n", p.paint(styleRed, safe(e.Error)))
	}
	b.WriteString(side(e.ResponseHeaders, e.ResponseBody, e.ResponseBodyEncoding, e.ResponseBodyTruncated, e.ResponseContentType, e.ResponseSize))
	return b.String()
}

func wholeSize(size *int64) string {
	if size == nil {
		return "more"
	}
	return fmt.Sprintf("%d bytes", *size)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// readableBody lays a body out for reading, without a line end. What is not as its
// media type says is shown as it is.
func readableBody(body, encoding, mediaType string) string {
	if encoding == devflow.EncodingBase64 {
		data, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			return body
		}
		return dump(data)
	}
	mediaType = strings.ToLower(mediaType)
	switch {
	case strings.HasSuffix(mediaType, "json"):
		var out bytes.Buffer
		if json.Indent(&out, []byte(body), "", "  ") == nil {
			body = out.String()
		}
	case mediaType == "application/x-www-form-urlencoded":
		if form, err := url.ParseQuery(body); err == nil {
			var list []string
			for _, key := range sortedKeys(form) {
				for _, value := range form[key] {
					list = append(list, key+" = "+value)
				}
			}
			body = strings.Join(list, "\n")
		}
	}
	return strings.TrimRight(body, "\r\n")
}

// dump shows the first bytes of a body that is no text.
func dump(data []byte) string {
	if len(data) == 0 {
		return ""
	}
	text := strings.TrimRight(hex.Dump(data[:min(len(data), maxDump)]), "\n")
	if len(data) > maxDump {
		text += fmt.Sprintf("\n[%d bytes more]", len(data)-maxDump)
	}
	return text
}
