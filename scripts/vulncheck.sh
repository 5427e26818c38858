#!/usr/bin/env bash
# Looks for known vulnerabilities in what the product calls. Without a way to the
# database it says so and is not a failure: there is nothing to know then.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp)
trap 'rm -f "$out"' EXIT
go -C tools build -o ../build/govulncheck golang.org/x/vuln/cmd/govulncheck
status=0
timeout 300 build/govulncheck ./... >"$out" 2>&1 || status=$?
cat "$out"
# 3 is govulncheck's way to say that it found something.
if [ "$status" != 0 ] && [ "$status" != 3 ] && grep -qE 'fetching vulnerabilities|dial tcp|no such host|connection refused|timeout|40[0-9] |50[0-9] ' "$out"; then
	echo "vulncheck: NOT CHECKED: the vulnerability database cannot be reached from this machine"
	exit 0
fi
exit "$status"
