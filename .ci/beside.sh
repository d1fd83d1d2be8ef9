#!/usr/bin/env bash
# beside.sh LOG COMMAND …: runs the command while `npm start` serves clients; that must be seen first.
set -euo pipefail
log=$1
shift

# A process group of its own: npm and its shell do not pass signals on.
setsid npm start --silent >"$log" 2>&1 &
group=$!
stop() {
  kill -TERM -- "-$group" 2>/dev/null || true
  wait "$group" || true
}
trap stop EXIT
for _ in $(seq 600); do
  grep -q 'serves clients' "$log" && break
  kill -0 "$group" 2>/dev/null || break
  sleep 0.1
done
if ! grep 'serves clients' "$log"; then
  cat "$log"
  exit 1
fi
"$@"
