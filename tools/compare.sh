#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# compare.sh -- judges every known broker that can be had here, and compares them.
#
# usage: tools/compare.sh BUILD FOLDER [TARGET ...]
# TARGETs default to all descriptors. The report of each goes to FOLDER/NAME, the
# comparison to FOLDER/compare.html and FOLDER/compare.md. A broker that cannot
# be installed or started is named and left out; two must remain. Exits 0 when
# the page was written, whatever the brokers break.
set -u
cd "$(dirname "$0")/.."
build=$1
folder=$2
shift 2
if [ $# -eq 0 ]; then
    for descriptor in conformance/targets/*.ini; do
        name=$(basename "$descriptor" .ini)
        # Examples describe brokers that nobody starts here.
        case $name in *example*) ;; *) set -- "$@" "$name" ;; esac
    done
fi

reports=()
for name in "$@"; do
    if grep -q "^ *target-$name)" tools/setup.sh && ! tools/setup.sh "target-$name"; then
        echo "left out: $name (its packages cannot be installed)"
        continue
    fi
    echo "--- $name"
    "$build/bin/mqttspec" run "$name" --report "$folder/$name"
    code=$?
    if [ $code -le 1 ]; then
        reports+=("$folder/$name")
    else
        echo "left out: $name (the run ended with $code)"
    fi
done
if [ ${#reports[@]} -lt 2 ]; then
    echo "compare: fewer than two brokers could be judged" >&2
    exit 3
fi
"$build/bin/mqttspec" compare "${reports[@]}" -o "$folder/compare.html"
