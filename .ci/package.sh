#!/usr/bin/env bash
# The Debian package and the container's build step, in a fresh Debian root without systemd running: lintian, install, run
# as an ordinary user, upgrade, purge. As root. Needs dist; keeps nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
root=$work/root
mounts=()
cleanup() {
  stop_gateway
  for path in "${mounts[@]}"; do umount "$path"; done
  rm -rf "$work"
}
trap cleanup EXIT
fail() {
  echo "package: $1"
  exit 1
}

# ---- the gateway in the root -------------------------------------------------------------------------------------

gateway=
start_gateway() {
  setsid chroot --userspec="$1" "$root" env HOME=/tmp/user MESHGATE_SOCKET=/tmp/user/meshgate.sock \
    STATE_DIRECTORY=/tmp/user/state meshgate start --simulate --nodes 3 --http off >"$work/log" 2>&1 &
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
  kill -TERM -- "-$gateway" 2>/dev/null || true
  wait "$gateway" || true
  gateway=
}
as_user() {
  chroot --userspec=tester:tester "$root" env HOME=/tmp/user MESHGATE_SOCKET=/tmp/user/meshgate.sock "$@"
}
# NAME of the JSON on standard input, such as history.file.
json() {
  node -e 'let value = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    for (const key of process.argv[1].split(".")) value = value?.[key];
    console.log(value ?? "");' "$1"
}
values_kept() { as_user meshgate get Temperature --from 1h --json | grep -c '"receivedAt"' || true; }
until_values() {
  for _ in $(seq 150); do
    [ "$(values_kept)" -ge 3 ] && return
    sleep 0.2
  done
  fail 'no values arrive'
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

files_of_root() { (cd "$root" && find . -xdev \( -path ./tmp -o -path ./proc -o -path ./dev -o -path ./var/log -o -path ./var/cache \) -prune -o -print | sort); }

deb=$(node scripts/package.mjs --fast --output "$work")
echo "package: built $(basename "$deb"), $(($(stat -c %s "$deb") / 1000000)) MB"
make_older "$deb" &
older=$!
lintian --fail-on error "$deb" >"$work/lintian" 2>&1 & 
lintian=$!
mkdir "$work/manual"
dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/share/man/man1/meshgate.1.gz >"$work/manual/meshgate.1.gz"
warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' man --warnings -l "$work/manual/meshgate.1.gz" 2>&1 >/dev/null)
[ -z "$warnings" ] || fail "the manual page has errors: $warnings"

# ---- a fresh root --------------------------------------------------------------------------------------------------

suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mmdebstrap --quiet --variant=apt --include=systemd-standalone-sysusers,init-system-helpers,libstdc++6 \
  --dpkgopt=force-unsafe-io "$suite" "$root"
mount -t proc proc "$root/proc"
mounts+=("$root/proc")
chroot "$root" useradd --create-home --home-dir /tmp/user tester
wait "$older"
wait "$lintian" || { cat "$work/lintian"; fail 'lintian finds errors'; }
files_of_root >"$work/before"

# ---- install, run, upgrade, purge ----------------------------------------------------------------------------------

install_in_root "$work/older.deb"
[ "$(chroot "$root" stat -c %U:%G:%a /etc/meshgate/meshgate.toml)" = root:meshgate-users:640 ] ||
  fail 'the settings have the wrong owner or mode'
start_gateway tester:tester
as_user meshgate status --json >"$work/status"
[ "$(json link.state <"$work/status")" = up ] || [ "$(json link.state <"$work/status")" = probing ] ||
  fail "status: $(cat "$work/status")"
printf '{"jsonrpc":"2.0","id":1,"method":"status","params":{}}\n' >"$root/tmp/user/request"
history=$(json history.file <"$work/status")
until_values
as_user meshgate ping 5 -c 1 >/dev/null || fail 'a node does not answer'
until_values
kept=$(values_kept)
stop_gateway
echo "package: $(as_user meshgate --version | tail -1) runs as an ordinary user; history: ${history:-in memory}"

echo 'baud = 57600' >>"$root/etc/meshgate/meshgate.toml"
sed -i '/^baud/d' "$root/etc/meshgate/meshgate.toml"
echo '# a local change' >>"$root/etc/meshgate/meshgate.toml"
install_in_root "$deb" --force-confold
grep -q '^# a local change$' "$root/etc/meshgate/meshgate.toml" || fail 'the upgrade lost a change of the settings'
[ "$(chroot "$root" stat -c %U:%G:%a /etc/meshgate/meshgate.toml)" = root:meshgate-users:640 ] ||
  fail 'the upgrade changed owner or mode of the settings'
if [ -n "$history" ]; then
  start_gateway tester:tester
  after=$(values_kept)
  [ "$after" -ge "$kept" ] || fail "the upgrade lost history: $kept values before, $after after"
  stop_gateway
  echo "package: history kept over the upgrade, $after values"
else
  echo 'package: history is in memory, so it was not checked over the upgrade'
fi

install -d -o meshgate "$root/var/lib/meshgate" 2>/dev/null || mkdir -p "$root/var/lib/meshgate"
touch "$root/var/lib/meshgate/history.db"
chroot "$root" dpkg --purge meshgate >"$work/dpkg" 2>&1 || { cat "$work/dpkg"; fail 'dpkg does not purge the package'; }
rm -rf "$root/etc/meshgate/meshgate.toml.dpkg-dist"
files_of_root >"$work/after"
left=$(comm -13 "$work/before" "$work/after" | grep -vE '^\./etc/(passwd|group|shadow|gshadow)-$' || true)
[ -z "$left" ] || fail "left after purge: $left"
echo 'package: nothing is left after purge but the accounts'

# ---- the container's build step ------------------------------------------------------------------------------------

chroot "$root" userdel meshgate
chroot "$root" groupdel meshgate 2>/dev/null || true
mkdir "$root/tmp/meshgate"
cp "$deb" packaging/container/build.sh "$root/tmp/meshgate/"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
chroot "$root" sh /tmp/meshgate/build.sh >"$work/build" 2>&1 || { cat "$work/build"; fail 'build.sh fails'; }
echo 'package: the container build step works'
