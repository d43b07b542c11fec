#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh -- runs fuzz targets for a while and says what came of it.
#
# usage: tools/fuzz.sh BUILD SECONDS TARGET ...      two targets at a time
#        tools/fuzz.sh BUILD minimise [TARGET ...]   what was found, into fuzz/corpus
#
# A target starts from fuzz/corpus/TARGET and from what earlier runs left in
# BUILD/fuzz/corpus/TARGET. A finding is kept in BUILD/fuzz/findings. Closes with
# a line per target; exits 1 if there was a finding.
set -u
cd "$(dirname "$0")/.." || exit 3
build=$1 secs=$2
shift 2
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1}
mkdir -p "$build/fuzz/findings" "$build/fuzz/logs"

options() { # packets are told by their mutator, texts by the dictionary
    case $1 in
    session | durable | observe) echo -max_len=2048 -timeout=20 -entropic=0 ;; # each run is long: no time for statistics
    capture) echo -max_len=16384 -timeout=20 ;; # a TLS handshake is long
    store) echo -max_len=4096 -timeout=20 ;;
    *) echo -max_len=4096 -timeout=10 -dict=fuzz/mqtt.dict ;;
    esac
}

run() {
    local target=$1 log=$build/fuzz/logs/$1.log work=$build/fuzz/corpus/$1 before
    mkdir -p "$work" "fuzz/corpus/$1"
    before=$(find "$work" -type f | wc -l)
    # shellcheck disable=SC2046
    "$build/fuzz/bin/fuzz-$target" $(options "$target") -max_total_time="$secs" -print_final_stats=1 -rss_limit_mb=3000 \
        -artifact_prefix="$build/fuzz/findings/$target-" "$work" "fuzz/corpus/$target" >"$log" 2>&1
    local status=$?
    stat() { grep -a "stat::$1" "$log" | grep -oE '[0-9]+$' || echo "?"; }
    printf '%-13s %11s executions %8s/s  %5d new inputs  coverage %s  %s\n' "$target" "$(stat number_of_executed_units)" \
        "$(stat average_exec_per_sec)" $(($(find "$work" -type f | wc -l) - before)) \
        "$(grep -aoE 'cov: [0-9]+' "$log" | tail -1 | cut -c6-)" "$([ $status = 0 ] && echo "no finding" || echo FINDING)"
    [ $status = 0 ] && return 0
    grep -aE '^fuzz: |ERROR: |runtime error|SUMMARY: ' "$log" | head -3 | sed 's/^/    /'
    grep -aoE 'written to .*' "$log" | tail -1 | sed "s|written to|    again: $build/fuzz/bin/fuzz-$target|"
    return 1
}

minimise() {
    local target=$1 out=$build/fuzz/minimal/$1
    rm -rf "$out" && mkdir -p "$out" "fuzz/corpus/$target" "$build/fuzz/corpus/$target"
    "$build/fuzz/bin/fuzz-$target" -set_cover_merge=1 -max_len=16384 -timeout=20 "$out" "fuzz/corpus/$target" \
        "$build/fuzz/corpus/$target" >"$build/fuzz/logs/$target.merge" 2>&1 || return 1
    # What has a name of its own was a finding once, and stays.
    find "fuzz/corpus/$target" -type f | grep -E '/[0-9a-f]{40}$' | xargs -r rm -f
    cp "$out"/* "fuzz/corpus/$target/"
    echo "$target: $(find "fuzz/corpus/$target" -type f | wc -l) inputs"
}

if [ "$secs" = minimise ]; then
    for target in "$@"; do minimise "$target" || exit 1; done
    exit 0
fi
failed=0
[ -t 1 ] && [ $# -gt 0 ] && echo "$# targets, $secs s each, two at a time: about $((($# + 1) / 2 * secs)) s"
while [ $# -gt 0 ]; do
    run "$1" & first=$!
    second=
    [ $# -gt 1 ] && { run "$2" & second=$!; }
    if [ -t 1 ]; then
        while kill -0 $first 2>/dev/null; do
            printf '\r  %s %s  ' "$1" "$(grep -aE '^#[0-9]+' "$build/fuzz/logs/$1.log" 2>/dev/null | tail -1 | cut -c1-90)"
            sleep 1
        done
        printf '\r%100s\r' ''
    fi
    wait $first || failed=1
    [ -z "$second" ] || wait "$second" || failed=1
    shift $(($# > 1 ? 2 : 1))
done
exit $failed
