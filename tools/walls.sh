#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# walls.sh -- keeps the walls of the house: which room may touch which.
#
# usage: tools/walls.sh [BUILD]      BUILD: folder with lib/*.a (default build)
# Prints a line for each breach and exits 1 if there is one. The rules are those
# of CONTRIBUTING.md: two wings that share nothing, includes that point one way,
# statement ids in TEST heads (and the rows of their tables) only, and catalogued.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}
found=$(mktemp)
trap 'rm -f "$found"' EXIT

# 1. What a room must not mention. forbid WHY REGEX FILES...
forbid() {
    local why=$1 regex=$2 file
    shift 2
    for file in "$@"; do
        [ -e "$file" ] || continue
        grep -nHE "$regex" "$file" | sed "s|\$|   ($why)|" >>"$found" || true
    done
}
sockets='<sys/socket\.h>|<netinet/|<arpa/'
forbid 'base knows no sockets' "$sockets" broker/base/*.[ch]
forbid 'the codec neither allocates, nor logs, nor looks at a clock' \
    "$sockets|<time\.h>|\b(malloc|calloc|realloc|f?printf)\(" broker/codec/*.[ch]
forbid 'net knows no sessions and no topics' \
    '"state/(session|subtree|router|retain|store|topic)' broker/net/*.[ch]
forbid 'state knows no sockets' "$sockets|<openssl/" broker/state/*.[ch]
forbid 'SQLite in the store only' '<sqlite3\.h>' \
    $(ls broker/*.[ch] broker/*/*.[ch] 2>/dev/null | grep -v '^broker/state/store')
forbid 'handlers know no descriptors' "$sockets|<unistd\.h>" broker/on_*.[ch]
forbid 'wire and observe know only libc' "$sockets|<unistd\.h>|<check\.h>" \
    conformance/wire/*.[ch] conformance/observe/*.[ch]
forbid 'tests know suite.h and its friends only' \
    "$sockets|<unistd\.h>|<check\.h>|<MQTT|\b(nano|u)?sleep\(|\bpthread_" conformance/tests/*.c
forbid 'Paho ends in client/' '<MQTT' \
    $(ls conformance/*.[ch] conformance/*/*.[ch] 2>/dev/null | grep -v '^conformance/client/')
forbid 'threads end in client/, tap/ and the transcript' '<pthread\.h>' \
    $(ls conformance/*.[ch] conformance/*/*.[ch] 2>/dev/null | grep -vE '^conformance/(client/|tap/|transcript\.c)')

# 2. Includes stay inside their wing and point one way.
rank() { # the floor a file stands on; a file may include its own floor and below
    case $1 in
    broker/tests/* | broker/main.*) echo 99 ;;
    broker/base/*) echo 1 ;; broker/codec/*) echo 2 ;;
    broker/state/topic.*) echo 3 ;;
    broker/net/* | broker/state/message.* | broker/config*) echo 4 ;;
    broker/state/*) echo 5 ;; broker/serve.* | broker/turn.*) echo 9 ;; broker/dispatch.* | broker/turn.*) echo 8 ;;
    broker/on_*) echo 7 ;; broker/*) echo 6 ;;
    conformance/selftest/* | conformance/main.*) echo 99 ;;
    conformance/wire/* | conformance/embed.* | conformance/statement.* | conformance/statements/*) echo 1 ;;
    conformance/observe/*) echo 2 ;;
    conformance/transcript.* | conformance/verdict.* | conformance/link/*) echo 3 ;;
    conformance/tap/* | conformance/faults/* | conformance/target*.[ch] | conformance/suite.h) echo 4 ;;
    conformance/t.* | conformance/t_*.[ch] | conformance/message.h) echo 5 ;;
    conformance/peer/* | conformance/client/*) echo 6 ;;
    conformance/tests/*) echo 8 ;; conformance/runner.* | conformance/cases.* | conformance/results.* | conformance/engine.* | conformance/fault_* | conformance/cli*) echo 9 ;;
    *) echo 7 ;;
    esac
}
for file in broker/*.[ch] broker/*/*.[ch] conformance/*.[ch] conformance/*/*.[ch]; do
    [ -e "$file" ] || continue
    wing=${file%%/*}
    mine=$(rank "$file")
    while IFS=: read -r line include; do
        [ -n "$include" ] || continue
        target=$wing/$include
        [ -e "$target" ] || target=$(dirname "$file")/$include
        if [ ! -e "$target" ]; then
            echo "$file:$line: includes \"$include\", which is not in $wing/" >>"$found"
        elif [ "$(rank "$target")" -gt "$mine" ]; then
            echo "$file:$line: includes \"$include\", which stands on a higher floor" >>"$found"
        fi
    done < <(grep -nE '^#include "' "$file" | sed -E 's/^([0-9]+):#include "([^"]*)".*/\1:\2/')
done

# 3. The wings share no symbol (the fuzzers link both into one program).
if [ -e "$build/lib/libbroker.a" ] && [ -e "$build/lib/libconformance.a" ]; then
    symbols() { nm -g --defined-only "$1" 2>/dev/null | awk 'NF == 3 {print $3}' | sort -u; }
    comm -12 <(symbols "$build/lib/libbroker.a") <(symbols "$build/lib/libconformance.a") |
        sed 's/$/: a symbol of both wings/' >>"$found"
fi

# 4. Statement ids: in TEST heads only, and in the catalogue.
catalogue=$(cat conformance/statements/*.csv 2>/dev/null | tr -d '"' || true)
for file in conformance/tests/*.c; do
    [ -e "$file" ] || continue
    awk -v file="$file" '
        /^[ \t]*(\/?\*|\/\/)/ { next }
        /^{/ { is_body = 1 }
        /^}/ { is_body = 0 }
        is_body && /"[0-9.]+\/(MQTT|RULE)-/ { print file ":" NR ": a statement id in the body of a test" }
    ' "$file" >>"$found"
    while IFS= read -r id; do
        bare=${id#*/}
        grep -qE "(^|/)$bare," <<<"$catalogue" ||
            echo "$file: $id is not in the catalogue" >>"$found"
    done < <(grep -ohE '"(3\.1|3\.1\.1|5\.0)/(MQTT|RULE)-[^"]*"' "$file" | tr -d '"' | tr ' ' '\n' | sed '/^$/d' | sort -u)
done

if [ -s "$found" ]; then
    sed 's/^/walls: /' "$found" >&2
    exit 1
fi
echo "walls: all stand"
