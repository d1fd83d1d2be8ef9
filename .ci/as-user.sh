#!/usr/bin/env bash
# Every test as an ordinary user, in a copy of the tree that is its own, while `npm start` serves beside as the same user.
# In an environment that no developer has: another time zone, and files that others can not read.
set -euo pipefail
umask 077
export TZ=Asia/Kolkata REQUIRE_ALL_TESTS=1
unset XDG_RUNTIME_DIR XDG_STATE_HOME TMPDIR

npm start --silent >"$HOME/start.log" 2>&1 &
starting=$!
stop() { pkill -INT -P "$starting" || true; wait "$starting" || true; }
trap stop EXIT
for _ in $(seq 600); do
  grep -q 'serves clients' "$HOME/start.log" && break
  kill -0 "$starting" 2>/dev/null || break
  sleep 0.1
done
if ! grep 'serves clients' "$HOME/start.log"; then
  cat "$HOME/start.log"
  exit 1
fi
npm test --silent
