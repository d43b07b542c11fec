#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fuzz_replay.sh -- every input of fuzz/corpus through its target, once.
#
# usage: tools/fuzz_replay.sh VARIANT      VARIANT: build, build/san, build/cov
# Closes with "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
passed=0 failed=0
for folder in fuzz/corpus/*/; do
    target=$(basename "$folder")
    if out=$("$1/bin/fuzz-$target" "$folder" 2>&1); then
        passed=$((passed + $(grep -oE '^[0-9]+' <<<"$(tail -1 <<<"$out")")))
    else
        failed=$((failed + 1))
        echo "$target: $(tail -3 <<<"$out")"
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
