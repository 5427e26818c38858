#!/usr/bin/env bash
# Runs all tests with the race detector, also when a suite before failed, and ends
# with the sum. In CI (CI is set) a test that was skipped fails the run, unless
# tools/skips.txt gives a reason. HELIOGRAPH_BIN is the binary for the browser's tests.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Other users run the binary, too, which may be in a folder that is closed to them.
chmod 755 "$work"
install -m 755 "$HELIOGRAPH_BIN" "$work/heliograph"
export HELIOGRAPH_BIN=$work/heliograph
go -C tools build -o "$work/testsum" ./testsum

flags=(-results "$work" -allow tools/skips.txt)
# Linters have vetted, and nobody debugs these binaries.
gotest=(go test -json -race -timeout 8m -vet=off -ldflags=-w)
if [ -n "${CI:-}" ]; then
	flags+=(-strict)
	gotest+=(-count=1)
fi
sum() { "$work/testsum" "${flags[@]}" "$@" || failed=1; }

PATH=$(scripts/install-test-deps.sh --node):$PATH
export CGO_ENABLED=1 # the race detector needs it
# At its end a program with the race detector waits a second for reports. There are hundreds.
export GORACE="atexit_sleep_ms=50 ${GORACE:-}"
failed=
suites=(tools go e2e pictures asyncapi types ui)
for suite in "${suites[@]}"; do
	printf '== %s, after %d s\n' "$suite" "$SECONDS"
	case $suite in
	tools) sum go tools go -C tools test -json ./... ;;
	go)
		# What of the end-to-end tests needs neither a quiet machine nor pictures gets a binary
		# with the race detector, which makes encoding pictures ten times as slow.
		go build -race -ldflags=-w -o "$work/heliograph-race" ./cmd/heliograph || failed=1
		mapfile -t packages < <(go list ./... | grep -vE '/test/e2e/(channels|faults|http|streams)$')
		HELIOGRAPH_BIN=$work/heliograph-race sum go go "${gotest[@]}" -p 4 "${packages[@]}"
		;;
	# With the binary that is shipped. The first have the machine to themselves: they look
	# at what slow clients do to fast ones, and mostly wait.
	e2e) sum go e2e "${gotest[@]}" -p 2 ./test/e2e/{channels,faults} ;;
	pictures) sum go pictures "${gotest[@]}" -p 2 -parallel 4 ./test/e2e/{streams,http} ;;
	asyncapi) sum one asyncapi node api/validate.mjs api/*.asyncapi.json api/*.openapi.json ;;
	types) sum one types npm --prefix test/ui run --silent check ;;
	ui)
		CHROMIUM=$(scripts/install-test-deps.sh --browser) || CHROMIUM=
		# With the flags of the program, whose packages need not be compiled again then.
		GOFLAGS="$(go env GOFLAGS) -trimpath" CGO_ENABLED=0 go build -ldflags='-s -w' -o "$work/agent" ./test/ui/agent
		export CHROMIUM HELIOGRAPH_TEST_AGENT=$work/agent
		status=0
		mapfile -t files < <(cd test/ui && find unit browser -name '*.test.mjs' | sort)
		(cd test/ui && node --test --test-concurrency=3 \
			--test-reporter=spec --test-reporter-destination=stdout \
			--test-reporter=tap --test-reporter-destination="$work/ui.tap" "${files[@]}") || status=$?
		sum tap ui "$work/ui.tap" "$status"
		;;
	esac
done

printf '== all, after %d s\n' "$SECONDS"
"$work/testsum" "${flags[@]}" total "${suites[@]}" && [ -z "$failed" ]
