package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestDocs keeps docs/cli.md equal to the help of the verbs. Run with -update to
// write it anew.
func TestDocs(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "cli.md")
	info := BuildInfo{Version: "0"}
	got := manual(New(info, Deps{}, Streams{}, NewServe(info, Streams{}), NewAttach(info, Streams{}), NewRun(info, Streams{}), NewRunWitness(Streams{})))
	if slices.Contains(flag.Args(), "update") || os.Getenv("UPDATE_DOCS") != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/cli.md is not what the verbs say; run: go test ./internal/cli -run TestDocs -args update")
	}
}

// manual makes the document.
func manual(root *cobra.Command) []byte {
	var b bytes.Buffer
	b.WriteString("# Command line\n\nMade from the help of the verbs; `heliograph VERB --help` shows the same.\n\n")
	var list func(*cobra.Command)
	list = func(cmd *cobra.Command) {
		for _, sub := range verbs(cmd) {
			fmt.Fprintf(&b, "- [`%s`](#%s): %s\n", sub.CommandPath(), anchor(sub), sub.Short)
			list(sub)
		}
	}
	list(root)
	b.WriteString("\n")
	chapter(&b, root)
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

func anchor(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// verbs gives the subcommands that are documented.
func verbs(cmd *cobra.Command) (list []*cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" && sub.Name() != "completion" {
			list = append(list, sub)
		}
	}
	return list
}

func chapter(b *bytes.Buffer, cmd *cobra.Command) {
	fmt.Fprintf(b, "## %s\n\n%s\n\n", cmd.CommandPath(), first(cmd.Long, cmd.Short+"."))
	if cmd.Runnable() && cmd.HasParent() && !cmd.HasSubCommands() {
		block(b, cmd.UseLine())
	}
	if cmd.Example != "" {
		b.WriteString("Examples:\n\n")
		block(b, unindent(cmd.Example))
	}
	flags := cmd.NonInheritedFlags()
	if usages := flags.FlagUsages(); usages != "" {
		title := "Flags:"
		if !cmd.HasParent() {
			title = "Flags of all verbs that talk to a server:"
		}
		fmt.Fprintf(b, "%s\n\n", title)
		block(b, strings.TrimRight(unindent(usages), "\n"))
	}
	for _, sub := range verbs(cmd) {
		chapter(b, sub)
	}
}

func block(b *bytes.Buffer, text string) { fmt.Fprintf(b, "```text\n%s\n```\n\n", text) }

// unindent takes the two leading blanks off each line.
func unindent(text string) string {
	var out []string
	for l := range strings.Lines(text) {
		out = append(out, strings.TrimPrefix(strings.TrimRight(l, "\n"), "  "))
	}
	return strings.Join(out, "\n")
}
