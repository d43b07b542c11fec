#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# setup.sh -- installs the packages that mqttspec builds with.
#
# usage: tools/setup.sh [group ...]     group: build (default), or one of packages() below
# Exits 0 when nothing is missing in the end. Where it cannot install (not root,
# no passwordless sudo, no apt) it prints the one line to run, and exits 1.
set -eu

packages() {
    case $1 in
    build) echo gcc libc6-dev check libsubunit-dev libssl-dev libpaho-mqtt-dev \
        libpcap-dev libwslay-dev libcjson-dev libsqlite3-dev libinih-dev \
        uthash-dev libxml2-utils ;; # xmllint: the tests check JUnit by its schema
    target-mosquitto) echo mosquitto ;;
    target-rabbitmq) echo rabbitmq-server ;;
    target-aedes) echo nodejs "$(command -v npm >/dev/null || echo npm)" ;;
    browser) echo chromium nodejs "$(command -v npm >/dev/null || echo npm)" ;; # npm may come with node
    clients) echo mosquitto-clients python3-paho-mqtt ;;
    fuzz) echo clang libclang-rt-14-dev llvm ;;
    decoder) echo tshark ;;
    coverage) echo lcov ;;
    lint) echo clang-format clang-tidy cppcheck ;;
    *) echo "setup: unknown group '$1'" >&2; exit 2 ;;
    esac
}

# aedes comes from npm, into the build folder, in exactly these versions.
install_aedes() {
    [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || {
        echo "setup: aedes 1.x needs Node.js 20 or later, and this is $(node --version)" >&2
        return 1
    }
    modules=$(dirname "$0")/../${BUILD:-build}/aedes
    manifest='{"private": true, "dependencies": {"aedes": "1.2.0", "ws": "8.18.0"}}'
    [ "$(cat "$modules/installed.json" 2>/dev/null)" != "$manifest" ] || return 0
    echo "setup: installing aedes into $modules" >&2
    mkdir -p "$modules"
    echo "$manifest" >"$modules/package.json"
    (cd "$modules" && npm install --no-audit --no-fund --ignore-scripts --silent --fetch-retries=1 --fetch-timeout=30000 >&2) || {
        echo "setup: npm could not install aedes" >&2
        return 1
    }
    echo "$manifest" >"$modules/installed.json"
}

# What a group needs beside Debian's packages.
finish() {
    for group in "$@"; do
        case $group in
        target-aedes) install_aedes || exit 1 ;;
        esac
    done
    exit 0
}

[ $# -gt 0 ] || set -- build
missing=
for group in "$@"; do
    list=$(packages "$group")
    for package in $list; do
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$state" = installed ] || missing="$missing $package"
    done
done
[ -n "$missing" ] || finish "$@"

install="apt-get install -y --no-install-recommends$missing"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo -n"
    else
        echo "setup: missing packages; run:  sudo $install" >&2
        exit 1
    fi
fi
command -v apt-get >/dev/null 2>&1 || {
    echo "setup: no apt-get here; install the equivalents of:$missing" >&2
    exit 1
}
echo "setup: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$as_root $install >/dev/null 2>&1 || {
    # The package lists may be old or absent: refresh them once, then insist.
    $as_root apt-get update -qq >&2
    $as_root $install >/dev/null
}
finish "$@"
