#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# test.sh -- runs the stages of `make test` and adds up what they counted.
#
# usage: tools/test.sh LOGS STAGES      LOGS: folder for the output of each stage
# STAGES holds a stage per line: a name, blanks, a shell command. A stage's closing line is read for its counts:
# Check's "Checks: N, Failures: F, Errors: E" or "N passed, N failed"; a stage
# without either counts as one test, judged by its exit status. All stages run,
# whatever failed before. Closes with "N passed, N failed"; exits 1 on a failure.
set -u
logs=$1
mkdir -p "$logs"
passed=0
failed=0
names=()

# count LOG STATUS -> "passed failed" of one stage
count() {
    awk -v status="$2" '
        /Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
            match($0, /Checks: [0-9]+/);   checks = substr($0, RSTART + 8, RLENGTH - 8)
            match($0, /Failures: [0-9]+/); fails = substr($0, RSTART + 10, RLENGTH - 10)
            match($0, /Errors: [0-9]+/);   errors = substr($0, RSTART + 8, RLENGTH - 8)
            bad += fails + errors; good += checks - fails - errors; seen = 1
        }
        /^([a-z0-9.-]+( [^ :]+)?: )?[0-9]+ passed, [0-9]+ failed/ {
            sub(/^[a-z0-9.-]+( [^ :]+)?: /, ""); good += $1; bad += $3; seen = 1
        }
        END {
            if (!seen) { good = status == 0; bad = status != 0 }
            else if (status != 0 && bad == 0) bad = 1
            print good + 0, bad + 0
        }' "$1"
}

# failures NAME: what failed in a stage, or its last lines: the end of a long output is what a CI job shows
failures() {
    grep -aE ':[FE]:|^(FAIL|not ok|ERROR|\*\*\*)|: error:' "$logs/$1.log" | head -n 8 | cut -c1-600 | sed "s/^/$1: /" |
        grep . || tail -n 5 "$logs/$1.log" | cut -c1-600 | sed "s/^/$1: /"
}

stage() {
    local name=$1 command=$2 log=$logs/$1.log status good bad began=$SECONDS
    printf -- '--- %s: %s\n' "$name" "$command"
    bash -o pipefail -c "$command" >"$log" 2>&1 </dev/null
    status=$?
    read -r good bad < <(count "$log" "$status")
    passed=$((passed + good))
    failed=$((failed + bad))
    if [ "$bad" -gt 0 ]; then
        tail -n 60 "$log"
        names+=("$name")
    else
        grep -E '^skipped:' "$log" || true
    fi
    printf '    %s: %d passed, %d failed, %d s\n' "$name" "$good" "$bad" $((SECONDS - began))
}

while read -r name command; do
    [ -z "$name" ] || stage "$name" "$command"
done <<<"$2"
if [ ${#names[@]} -gt 0 ]; then
    echo "stages that failed: ${names[*]} (logs in $logs)"
    for name in "${names[@]}"; do
        failures "$name"
    done
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
