#!/usr/bin/env bash
# on-node.sh DIRECTORY: `npm start`, a session, the history, the page and the Python client on the Node whose
# program is in that directory. Uses the build that is there, so that several can run at once. The last line is
# `N passed, N failed`.
set -euo pipefail
umask 077
cd "$(dirname "$0")/.."
if [ ! -x "$1/node" ]; then
  echo "FAILED: there is no Node in $1"
  exit 1
fi
export PATH="$1:$PATH"
version=$(node --version)
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT

export XDG_STATE_HOME="$own" XDG_RUNTIME_DIR="$own" REQUIRE_ALL_TESTS=1
echo "on Node $version"

failed=0
fail() {
  echo "FAILED: on Node $version: $1"
  failed=$((failed + 1))
}

# `status` is one request of a session. The history has a file: its line names one.
serves() {
  .ci/beside.sh "$own/log" node dist/src/main.js status >"$own/status" || return 1
  cat "$own/status"
}
serves || fail 'npm start does not serve clients'
grep -qE '^history +/.*\.db \(' "$own/status" || fail 'the history has no file'
if grep -E 'Warning' "$own/log"; then fail 'npm start prints a warning'; fi

# Serial ports have native code of their own; the page is the real one, in chromium.
FILES=(dashboard/basics clients/python history/store link/serial-link)
files=("${FILES[@]/#/dist/test/}")
npm test --silent -- "${files[@]/%/.test.js}" | tee "$own/tests" || true
line=$(tail -1 "$own/tests")
[[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]] || { fail 'the tests broke'; line='0 passed, 0 failed'; }
read -r passed _ broken _ <<<"${line/,/}"
echo "$passed passed, $((broken + failed)) failed"
[ $((broken + failed)) -eq 0 ]
