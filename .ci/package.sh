#!/usr/bin/env bash
# The Debian package and the container's build step, in a fresh Debian root without systemd running: lintian, install, run
# as an ordinary user, upgrade, purge. As root. Needs dist; keeps nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
root=$work/root
# In memory: dpkg waits for the disk after each file.
mount -t tmpfs -o size=4g tmpfs "$work"
export TMPDIR=$work
mounts=("$work")
cleanup() {
  stop_gateway
  for path in "${mounts[@]}"; do umount --lazy "$path"; done
  rm -rf "$work"
}
trap cleanup EXIT
fail() {
  echo "package: $1"
  exit 1
}

# ---- the gateway in the root -------------------------------------------------------------------------------------

# in_root USER COMMAND …, with the variables of the array environment.
environment=()
CLEAN=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin)
in_root() { chroot --userspec="$1" "$root" "${CLEAN[@]}" "${environment[@]}" "${@:2}"; }

gateway=
start_gateway() {
  # Not by in_root: the process that is stopped must be the gateway, not a shell.
  chroot --userspec="$1" "$root" "${CLEAN[@]}" "${environment[@]}" \
    meshgate start --simulate --nodes 3 --http off >"$work/log" 2>&1 &
  gateway=$!
  for _ in $(seq 300); do
    grep -q 'serves clients' "$work/log" && return
    kill -0 "$gateway" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/log"
  fail 'the installed gateway does not start'
}
stop_gateway() {
  [ -n "$gateway" ] || return 0
  kill -TERM "$gateway" 2>/dev/null || true
  wait "$gateway" || true
  gateway=
}

# NAME of the JSON on standard input, such as history.file.
json() {
  node -e 'let value = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    for (const key of process.argv[1].split(".")) value = value?.[key];
    console.log(value ?? "");' "$1"
}

# Of one temperature each node, or of all that were received until a time.
count_values() { in_root tester meshgate get Temperature --json "$@" | grep -c '"receivedAt"' || true; }
until_values() {
  for _ in $(seq 300); do
    [ "$(count_values "$@")" -ge 3 ] && return
    sleep 0.2
  done
  fail "no values arrive: $(in_root tester meshgate get Temperature --json "$@" 2>&1 | head -5)"
}

# What a client in any language does: a line of JSON in, a line of JSON out.
request_session() {
  in_root tester /usr/lib/meshgate/node -e '
    const socket = require("node:net").connect(process.env.MESHGATE_SOCKET);
    socket.setTimeout(10000, () => process.exit(1));
    socket.on("data", (data) => { process.stdout.write(data); socket.destroy(); });
    socket.write(`${JSON.stringify({ jsonrpc: "2.0", id: 1, method: "nodes", params: {} })}\n`);'
}

# ---- packages ------------------------------------------------------------------------------------------------------

# An older build: the same, with a lower version and other default settings.
make_older() {
  dpkg-deb -R "$1" "$work/older-tree"
  sed -i 's/^Version: .*/&~ci1/' "$work/older-tree/DEBIAN/control"
  echo '# an earlier default' >>"$work/older-tree/etc/meshgate/meshgate.toml"
  dpkg-deb --root-owner-group -Znone --build "$work/older-tree" "$work/older.deb" >/dev/null
  rm -rf "$work/older-tree"
}

install_in_root() {
  cp "$1" "$root/tmp/meshgate.deb"
  chroot "$root" env DEBIAN_FRONTEND=noninteractive dpkg --install "${@:2}" /tmp/meshgate.deb >"$work/dpkg" 2>&1 ||
    { cat "$work/dpkg"; fail 'dpkg does not install the package'; }
  rm "$root/tmp/meshgate.deb"
}

# Except what every use of a root changes.
files_of_root() {
  (cd "$root" && find . -xdev \( -path ./tmp -o -path ./proc -o -path ./dev -o -path ./var/log -o -path ./var/cache \) \
    -prune -o -print | sort)
}

deb=$(node scripts/package.mjs --fast --output "$work")
echo "package: built $(basename "$deb"), $(($(stat -c %s "$deb") / 1000000)) MB"
make_older "$deb" &
older=$!
lintian --fail-on error "$deb" >"$work/lintian" 2>&1 &
lintian=$!
mkdir "$work/manual"
dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/share/man/man1/meshgate.1.gz >"$work/manual/meshgate.1.gz"
warnings=$(LC_ALL=C.UTF-8 man --warnings -l "$work/manual/meshgate.1.gz" 2>&1 >/dev/null)
[ -z "$warnings" ] || fail "the manual page has errors: $warnings"

# ---- a fresh root --------------------------------------------------------------------------------------------------

suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
# usr-is-merged: the other way to a merged /usr brings all of Perl.
mmdebstrap --quiet --variant=apt --include=usr-is-merged,systemd-standalone-sysusers,libstdc++6 \
  --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --dpkgopt=force-unsafe-io "$suite" "$root"
mount -t proc proc "$root/proc"
mounts=("$root/proc" "${mounts[@]}")
chroot "$root" useradd --create-home --home-dir /tmp/user tester
wait "$older"
wait "$lintian" || { cat "$work/lintian"; fail 'lintian finds errors'; }
files_of_root >"$work/before"

# ---- install, run, upgrade, purge ----------------------------------------------------------------------------------

settings=/etc/meshgate/meshgate.toml
check_settings() {
  [ "$(chroot "$root" stat -c %U:%G:%a "$settings")" = root:meshgate-users:640 ] ||
    fail 'the settings have the wrong owner or mode'
}

install_in_root "$work/older.deb"
check_settings
environment=(HOME=/tmp/user MESHGATE_SOCKET=/tmp/user/meshgate.sock STATE_DIRECTORY=/tmp/user/state)
start_gateway tester
until_values
in_root tester meshgate status --json >"$work/status"
[ -n "$(json link.port <"$work/status")" ] || fail "status: $(cat "$work/status")"
request_session | json result.nodes.length | grep -qx 3 || fail "the session: $(request_session)"
in_root tester meshgate ping 5 -c 1 >/dev/null || fail 'a node does not answer'
history=$(json history.file <"$work/status")
[ -n "$history" ] || fail "history is in memory only: $(json history.fault <"$work/status")"
until_values --from 1h
sleep 2 # Received values are on disk by then.
before_upgrade=$(date -u +%FT%TZ)
kept=$(count_values --from 1h --to "$before_upgrade")
stop_gateway
echo "package: meshgate $(in_root tester meshgate --version) runs as an ordinary user; history: $history"

echo '# a local change' >>"$root$settings"
install_in_root "$deb" --force-confold
grep -q '^# a local change$' "$root$settings" || fail 'the upgrade lost a change of the settings'
check_settings
start_gateway tester
until_values
after=$(count_values --from 1h --to "$before_upgrade")
[ "$kept" -ge 3 ] && [ "$after" -eq "$kept" ] || fail "the upgrade lost history: $kept values before it, $after after"
echo "package: history kept over the upgrade: $after values"
stop_gateway

install -d "$root/var/lib/meshgate"
touch "$root/var/lib/meshgate/history.db"
chroot "$root" dpkg --purge meshgate >"$work/dpkg" 2>&1 || { cat "$work/dpkg"; fail 'dpkg does not purge the package'; }
files_of_root >"$work/after"
left=$(comm -13 "$work/before" "$work/after" | grep -vE '^\./etc/(passwd|group|shadow|gshadow)-$' || true)
[ -z "$left" ] || fail "left after purge: $left"
echo 'package: after the purge, only the accounts are left'

# ---- the container's build step ------------------------------------------------------------------------------------

# As in a root where the package has never been.
chroot "$root" userdel meshgate
chroot "$root" groupdel meshgate-users
mkdir "$root/tmp/meshgate"
cp "$deb" packaging/container/build.sh "$root/tmp/meshgate/"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
chroot "$root" sh /tmp/meshgate/build.sh >"$work/build" 2>&1 || { cat "$work/build"; fail 'packaging/container/build.sh fails'; }
# The Containerfile's own user and variables.
image_user=$(sed -n 's/^USER //p' packaging/Containerfile)
mapfile -t environment < <(sed -n '/^ENV /,/[^\\]$/{s/^ENV//;s/\\$//;s/^ *//;s/ *$//;p}' packaging/Containerfile)
start_gateway "$image_user"
# As HEALTHCHECK does.
is_healthy() { in_root "$image_user" meshgate health >"$work/health" 2>&1; }
for _ in $(seq 100); do
  is_healthy && break
  sleep 0.2
done
is_healthy || fail "the container's HEALTHCHECK: $(cat "$work/health")"
stop_gateway
echo 'package: the build step of the container works, and its health check passes'
