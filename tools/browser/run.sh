#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh -- installs what the tests in a browser need into the build folder, and runs them.
#
# usage: tools/browser/run.sh BUILD [if-there]
# With if-there a machine that can have no Chromium or no npm packages is told,
# counted as one skipped test, and no failure. Pages and screenshots stay in
# BUILD/browser/pages to be looked at.
set -eu

build=$1
mode=${2:-must}
here=$(dirname "$0")
modules=$build/browser

give_up() {
    echo "browser: $1" >&2
    [ "$mode" = if-there ] || exit 1
    echo "skipped: the test of the pages: $1"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
}

"$here/../setup.sh" browser >&2 || give_up "no Chromium, node or npm here"
mkdir -p "$modules"
if ! cmp -s "$here/package.json" "$modules/installed.json"; then
    cp "$here/package.json" "$modules/package.json"
    (cd "$modules" && npm install --no-audit --no-fund --ignore-scripts --silent --fetch-retries=1 --fetch-timeout=30000 >&2) ||
        give_up "npm could not install what package.json lists"
    cp "$here/package.json" "$modules/installed.json"
fi
rm -rf "$modules/pages"
NODE_MODULES_OF=$(cd "$modules" && pwd)
export NODE_MODULES_OF
status=0
node "$here/pages.mjs" "$build/bin/mqttspec" "$modules/pages" || status=1
node "$here/client.mjs" "$build/bin/mqttspec-broker" "$modules/client" || status=1
exit $status
