#!/bin/sh
# The package brings its own Node: the system's may be older, or missing.
exec /usr/lib/meshgate/node /usr/lib/meshgate/dist/src/main.js "$@"
