#!/usr/bin/env bash
# Every test as an ordinary user, in a copy of the tree that is its own, while `npm start` serves beside as the same user.
# In an environment that no developer has: another time zone, and files that others can not read.
set -euo pipefail
umask 077
export TZ=Asia/Kolkata REQUIRE_ALL_TESTS=1
unset XDG_RUNTIME_DIR XDG_STATE_HOME
.ci/beside.sh "$HOME/start.log" npm test --silent
