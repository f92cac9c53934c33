#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what phien needs, on Debian 12 and 13; quick when nothing is missing.
#
#   scripts/setup.sh [build] [demo] [test]        (none named: all three)
#
# build: compiler and libraries, and cmocka for the unit tests
# demo:  the publisher of scripts/run.sh
# test:  everything else that scripts/test.sh runs
set -euo pipefail

. /etc/os-release
case "${ID:-}:${VERSION_ID:-}" in
debian:12)
    llhttp=node-llhttp # it ships llhttp's C source; a library of its own came with Debian 13
    clang_runtime=libclang-rt-14-dev
    ;;
debian:13 | debian:) # no version: testing
    llhttp=libllhttp-dev
    clang_runtime=libclang-rt-19-dev
    ;;
*)
    echo "setup.sh knows Debian 12 and 13, this is ${PRETTY_NAME:-an unknown system}." >&2
    echo "Install by hand what the lists in it name, then build with cmake." >&2
    exit 1
    ;;
esac

# Of libsrt's two flavours the one that Debian's FFmpeg is linked with: both in one process share
# their symbols, and crash when it ends.
build_packages=(gcc libc6-dev cmake ninja-build pkg-config python3 ca-certificates
    libuv1-dev libavformat-dev libavcodec-dev libavutil-dev libcyaml-dev libyaml-dev
    libjansson-dev libsqlite3-dev zlib1g-dev uthash-dev "$llhttp" libcmocka-dev
    libsrt-gnutls-dev libqrencode-dev)
demo_packages=(ffmpeg fonts-dejavu-core curl iproute2)
test_packages=(git ffmpeg curl chromium srt-tools zbar-tools
    gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good
    gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly
    clang clang-tidy clang-format llvm "$clang_runtime" shellcheck)

# A Node.js from elsewhere will do, and spares Debian's npm with its 400 packages.
has_node()
{
    command -v npm >/dev/null &&
        [ "$(node -p 'Number(process.versions.node.split(".")[0])' 2>/dev/null || echo 0)" -ge 18 ]
}

wanted=()
[ $# -gt 0 ] || set -- build demo test
for group in "$@"; do
    case "$group" in
    build)
        wanted+=("${build_packages[@]}")
        has_node || wanted+=(nodejs npm)
        ;;
    demo) wanted+=("${demo_packages[@]}") ;;
    test) wanted+=("${test_packages[@]}") ;;
    *)
        echo "usage: $0 [build] [demo] [test]" >&2
        exit 2
        ;;
    esac
done

installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p')
missing=$(printf '%s\n' "${wanted[@]}" | sort -u | grep -vxF "$installed" || true)
if [ -z "$missing" ]; then
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
fi
apt_get=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
# shellcheck disable=SC2206 # package names have no blanks
missing=($missing)
echo "Installing: ${missing[*]}"
# The lists may be fresh enough; if not, a new look and a second try.
"${apt_get[@]}" install --no-install-recommends "${missing[@]}" </dev/null >/dev/null 2>&1 || {
    "${apt_get[@]}" update </dev/null
    "${apt_get[@]}" install --no-install-recommends "${missing[@]}" </dev/null
}
