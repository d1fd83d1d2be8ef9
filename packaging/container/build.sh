#!/bin/sh
# The build step of packaging/Containerfile, as root in a Debian root: installs the package that lies beside this script.
set -eu
folder=$(dirname "$0")

# Before the package makes them: their numbers are documented, for the owner of mounted folders and devices.
id=7654
groupadd --system --gid "$id" meshgate
useradd --system --uid "$id" --gid "$id" --home-dir /var/lib/meshgate --no-create-home --shell /usr/sbin/nologin meshgate

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends systemd-standalone-sysusers "$folder"/meshgate_*.deb
rm -rf /var/lib/apt/lists/*

# systemd's units make these directories elsewhere.
install -d -o meshgate -g meshgate -m 0750 /var/lib/meshgate
install -d -o meshgate -g meshgate-users -m 0755 /run/meshgate
rm -rf "$folder"
