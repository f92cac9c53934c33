#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds and tests the last commit on a Debian that has nothing of ours installed.
#
#   scripts/test-clean.sh bookworm|trixie        (as root; needs a network)
#
# A fresh base system is unpacked under build/clean/, HEAD is cloned into it, scripts/setup.sh
# installs what it says is needed, then CMake builds and ctest tests in there. The base system and
# the downloaded packages are kept for the next run. How this machine reaches its package mirror
# and the npm registry (sources, proxies, certificates) is taken over from its own settings.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
suite=${1:-}
case "$suite" in
bookworm | trixie) ;;
*)
    echo "usage: $0 bookworm|trixie" >&2
    exit 2
    ;;
esac
if [ "$(id -u)" -ne 0 ]; then
    echo "$0 makes a chroot: run it as root" >&2
    exit 1
fi

work=$root/build/clean/$suite
base=$work/base.tar
target=$work/root
log=$work/log
mkdir -p "$work/archives"
: >"$log"

# Everything is mounted in a namespace of its own (below), so nothing is mounted here when this
# runs; --one-file-system is for the case that a later change forgets that.
remove_target()
{
    rm -rf --one-file-system "$target"
}
trap remove_target EXIT

stage()
{
    printf '%6d s  %s: %s\n' "$SECONDS" "$suite" "$1"
}

fail()
{
    tail -n 60 "$log"
    echo "FAILED on $suite: $1 (whole log: $log)" >&2
    exit 1
}

# The mirror from which this machine gets Debian itself.
# shellcheck disable=SC2016 # apt expands these
mirror=$(apt-get indextargets --format '$(COMPONENT) $(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
    sed -n 's/^main Debian //p' | grep -v -- -security | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian}

if [ ! -s "$base" ]; then
    stage "debootstrap"
    command -v debootstrap >/dev/null || apt-get install -q -y debootstrap >>"$log" 2>&1
    remove_target
    debootstrap --variant=minbase "$suite" "$target" "$mirror" >>"$log" 2>&1 ||
        fail "debootstrap"
    tar -C "$target" -cf "$base.new" .
    mv "$base.new" "$base"
fi

stage "a fresh system with HEAD, $(git -C "$root" rev-parse --short HEAD)"
remove_target
mkdir "$target"
tar -C "$target" -xf "$base"
git clone -q "file://$root" "$target/phien"

# What this machine knows about its network.
cp -L /etc/resolv.conf "$target/etc/resolv.conf"
cp /etc/hosts "$target/etc/hosts"
grep -lsi '^ *Acquire' /etc/apt/apt.conf /etc/apt/apt.conf.d/* |
    xargs -r cp -t "$target/etc/apt/apt.conf.d" || true
environment=(PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 CI=true)
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!name:-}" ] || environment+=("$name=${!name}")
done
if [ -s /etc/ssl/certs/ca-certificates.crt ]; then
    cp -L /etc/ssl/certs/ca-certificates.crt "$target/etc/host-ca.crt"
    environment+=(NODE_EXTRA_CA_CERTS=/etc/host-ca.crt)
fi
if command -v npm >/dev/null; then
    for name in registry proxy https-proxy; do
        value=$(npm config get "$name" 2>/dev/null)
        case "$value" in
        null | undefined | "") ;;
        *) environment+=("npm_config_${name//-/_}=$value") ;;
        esac
    done
fi
# No daemon that a package brings shall start.
printf '#!/bin/sh\nexit 101\n' >"$target/usr/sbin/policy-rc.d"
chmod 755 "$target/usr/sbin/policy-rc.d"

# Mounts and processes vanish with the namespaces, however this ends.
inside()
{
    # shellcheck disable=SC2016 # it is the inner shell's to expand
    unshare --mount --pid --fork --kill-child --propagation private bash -c '
        set -e
        target=$1 archives=$2
        shift 2
        mount -t proc proc "$target/proc"
        mount --rbind /dev "$target/dev"
        mount --rbind /sys "$target/sys"
        mkdir -p "$target/var/cache/apt/archives"
        mount --bind "$archives" "$target/var/cache/apt/archives"
        exec chroot "$target" env -i "$@"
    ' inside "$target" "$work/archives" "${environment[@]}" \
        bash -c "cd /phien && $1" </dev/null >>"$log" 2>&1
}

stage "setup.sh build"
inside "apt-get -q update && bash scripts/setup.sh build" || fail "setup.sh"
stage "cmake"
inside "cmake --preset release" || fail "cmake --preset release"
stage "build"
inside "cmake --build --preset release -j 2 -- -k 0" || fail "the build"
stage "ctest"
inside "ctest --preset release" || fail "ctest"
grep -E '^[0-9]+% tests passed' "$log" | tail -n 1
stage "done"
