#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# replay.sh -- what `make replay` does.
#
# usage: tools/replay.sh BUILD CAPTURE TARGET [options of mqttspec-replay run]
# CAPTURE: a file; empty: all of captures/. TARGET: a URL; "mosquitto"; empty:
# the reference broker. A broker named so is started afresh for each capture.
# Exits with the worst exit code of the replays.
set -u
bin=$1/bin
capture=$2
target=$3
shift 3
child=
log=$(mktemp)
trap '[ -z "$child" ] || kill "$child" 2>/dev/null; rm -f "$log"' EXIT

# is_served PORT: waits until the child serves the port; false if it ends instead
is_served() {
    local try
    for try in $(seq 1000); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
        kill -0 "$child" 2>/dev/null || return 1
        sleep 0.02
    done
    return 1
}

# start -> url of a fresh broker
start() {
    local port='' try
    if [ "$target" = mosquitto ]; then
        for try in 1 2 3 4 5; do
            port=$((20000 + (RANDOM + try) % 10000))
            mosquitto -p "$port" >"$log" 2>&1 &
            child=$!
            is_served "$port" && break
        done
    else
        "$bin/mqttspec-broker" --acceptor tcp://127.0.0.1:0 >"$log" 2>&1 &
        child=$!
        for try in $(seq 1000); do
            port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$log" | head -1)
            [ -z "$port" ] || break
            sleep 0.02
        done
    fi
    if [ -z "$port" ] || ! kill -0 "$child" 2>/dev/null; then
        echo "replay: the broker did not start:" >&2
        cat "$log" >&2
        exit 4
    fi
    url=mqtt://127.0.0.1:$port
}

worst=0
for file in ${capture:-captures/*.pcap}; do
    url=$target
    case $target in *://*) ;; "" | mosquitto) start ;;
    *) echo "replay: TARGET is a URL, \"mosquitto\", or nothing" >&2; exit 2 ;;
    esac
    keys=()
    [ -f "${file%.pcap}.keys" ] && keys=(--keys "${file%.pcap}.keys")
    echo "--- $file"
    "$bin/mqttspec-replay" run "$file" "${keys[@]}" --target "$url" "$@"
    code=$?
    # our own exchange of random numbers cannot be repeated: that is known
    [ "$file $code" = "captures/scram.pcap 3" ] && [ -z "$capture" ] && code=0
    [ "$code" -le "$worst" ] || worst=$code
    [ -z "$child" ] || { kill "$child"; wait "$child" 2>/dev/null; child=; }
done
exit "$worst"
