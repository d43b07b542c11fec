#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# check.sh -- builds as OSS-Fuzz does, on this machine, and runs each target.
#
# usage: fuzz/oss-fuzz/check.sh OUT
# Closes with "N passed, N failed".
set -u
mkdir -p "$1"
OUT=$(realpath "$1")
export OUT CC=${CLANG:-clang} CXX=${CLANG:-clang}++ LIB_FUZZING_ENGINE=-fsanitize=fuzzer
export CFLAGS="-O1 -fno-omit-frame-pointer -gline-tables-only -fsanitize=address,undefined -fsanitize=fuzzer-no-link"
export CXXFLAGS=$CFLAGS WORK=$OUT/work
cd "$(dirname "$0")/../.." || exit 3
command -v "$CXX" >/dev/null || export CXX=$CC
fuzz/oss-fuzz/build.sh || { echo "0 passed, 1 failed"; exit 1; }
passed=0 failed=0
for binary in "$OUT"/fuzz-*; do
    [ -x "$binary" ] || continue
    name=$(basename "$binary")
    mkdir -p "$OUT/new/$name" # the first folder takes what is found
    if "$binary" -max_total_time=3 -max_len=4096 -artifact_prefix="$OUT/" "$OUT/new/$name" "fuzz/corpus/${name#fuzz-}" >"$OUT/$name.log" 2>&1 </dev/null; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$name: $(grep -aE 'ERROR|fuzz: ' "$OUT/$name.log" | head -2)"
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
