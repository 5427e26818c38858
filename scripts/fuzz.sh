#!/usr/bin/env bash
# Runs every fuzz target of the module for a while, one after the other:
#
#	fuzz.sh TIME [PACKAGE...]     TIME as go test -fuzztime takes it: 3s, 1000x
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:?usage: fuzz.sh TIME [PACKAGE...]}
shift
passed=0 failed=0
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
# A package whose tests have no fuzz target is not built for fuzzing.
for package in $(go list -f '{{.ImportPath}} {{.Dir}}{{range .TestGoFiles}} {{.}}{{end}}{{range .XTestGoFiles}} {{.}}{{end}}' "${@:-./...}" |
	while read -r path dir files; do
		for f in $files; do grep -q '^func Fuzz' "$dir/$f" && echo "$path" && break; done || true
	done); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz'); do
		if go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" >"$bin/out" 2>&1; then
			passed=$((passed + 1))
			printf 'ok    %s %s\n' "$package" "$target"
		else
			failed=$((failed + 1))
			cat "$bin/out"
			printf 'FAIL  %s %s\n' "$package" "$target"
		fi
	done
done
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$passed" -gt 0 ] && [ "$failed" = 0 ]
