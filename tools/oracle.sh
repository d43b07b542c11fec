#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# oracle.sh -- compares mqttspec-replay with tshark, an independent reader.
#
# usage: tools/oracle.sh [BUILD]        BUILD: folder of the binaries (build)
# For every capture of captures/, and of ../shared/captures/real where it is
# there: the same packets, each with its type and the frame that made it whole;
# for TLS with the same keys. tshark is asked twice: putting segments in order, it
# waits for ever behind a hole; not doing so, it misreads what is out of order.
# It unmasks WebSocket frames but does not look for MQTT in them: what was inside
# is given to it once more, as bare MQTT.
# Then the speed of both. Closes with "N passed, N failed".
set -u
bin=${1:-build}/bin/mqttspec-replay
shared=${MQTTSPEC_SHARED:-../shared}/captures/real
passed=0
failed=0

command -v tshark >/dev/null || {
    echo "oracle: tshark is not installed (apt-get install tshark); nothing compared"
    exit 0
}
[ -d "$shared" ] || echo "oracle: $shared is not there; only our own captures are compared"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

names='BEGIN { split("CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT AUTH", name, " ") }'

# packets_of_tshark REORDER FILE KEYS PORT... -> "FRAME TYPE" lines
packets_of_tshark() {
    local reorder=$1 file=$2 keys=$3 decode=() port
    shift 3
    for port in "$@"; do decode+=(-d "tcp.port==$port,mqtt"); done
    [ -z "$keys" ] || decode=(-o "tls.keylog_file:$keys" -d "tls.port==$1,mqtt")
    tshark -n -r "$file" -o "tcp.reassemble_out_of_order:$reorder" \
        -o 'mqtt.default_version:MQTT v5.0' "${decode[@]}" \
        -T fields -e frame.number -e mqtt.msgtype 2>/dev/null |
        awk "$names"' $2 != "" { n = split($2, type, ","); for (i = 1; i <= n; i++) print $1, name[type[i]] }' |
        sort -n
}

# The same of a WebSocket: its unmasked messages as a capture of their own.
packets_in_websocket() {
    tshark -n -r "$1" -Y data.data -T fields -e frame.number -e data.data 2>/dev/null >"$scratch/messages"
    sed 's/.*\t//; s/,//g; s/../& /g; s/^/000000 /' "$scratch/messages" |
        text2pcap -q -T 1024,1883 - "$scratch/bare.pcap" 2>/dev/null
    packets_of_tshark FALSE "$scratch/bare.pcap" '' |
        awk 'NR == FNR { frame[NR] = $1; next } { print frame[$1], $2 }' "$scratch/messages" - | sort -n
}

packets_of_ours() {
    "$bin" dump --json "$@" 2>/dev/null |
        sed -n 's/.*"frame": \([0-9]*\), .*"from": "[a-z]*", "type": "\([A-Z]*\)".*/\1 \2/p' | sort -n
}

# The server's ports, where they are not 1883.
ports_of() {
    "$bin" run "$@" --list 2>/dev/null | sed -n 's/.*-> .*:\([0-9]*\)  MQTT.*/\1/p' |
        sort -u | grep -v '^1883$'
}

# compare FILE OURS THEIRS...: is one of THEIRS the same as OURS?
compare() {
    local file=$1 ours=$2 theirs
    shift 2
    for theirs in "$@"; do
        [ "$ours" = "$theirs" ] || continue
        passed=$((passed + 1))
        return
    done
    failed=$((failed + 1))
    echo "FAILED $file"
    diff <(echo "$1") <(echo "$ours") | sed 's/^</    tshark /; s/^>/    ours   /'
}

compare_file() {
    local file=$1 keys='' ports ours
    [ -f "${file%.pcap}.keys" ] && keys=${file%.pcap}.keys
    ports=$(ports_of "$file" ${keys:+--keys "$keys"})
    ours=$(packets_of_ours "$file" ${keys:+--keys "$keys"})
    case $file in
    *websocket*) compare "$file" "$ours" "$(packets_in_websocket "$file")" ;;
    # shellcheck disable=SC2086
    *) compare "$file" "$ours" "$(packets_of_tshark TRUE "$file" "$keys" $ports)" \
        "$(packets_of_tshark FALSE "$file" "$keys" $ports)" ;;
    esac
}

for file in captures/*.pcap "$shared"/*.pcap*; do
    [ ! -f "$file" ] || compare_file "$file"
done

# Speed, side by side in this very run: reading, reassembling, decoding and
# judging 100,000 frames against `tshark -Y mqtt`, in under 64 MiB.
big=$scratch/big.pcap
tools/bigcapture.py "$big"
if python3 - "$bin" "$big" <<'MEASURE'
import os, subprocess, sys

def best(command):
    """Least CPU seconds of three runs, and the peak of memory in MiB."""
    least, peak = 1e9, 0
    for _ in range(3):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        usage = os.wait4(child.pid, 0)[2]
        least = min(least, usage.ru_utime + usage.ru_stime)
        peak = max(peak, usage.ru_maxrss / 1024)
    return least, peak

ours, ours_mib = best([sys.argv[1], "check", sys.argv[2]])
theirs, theirs_mib = best(["tshark", "-n", "-r", sys.argv[2], "-Y", "mqtt"])
print("100,000 frames: mqttspec-replay check %.3f s CPU, %.0f MiB; tshark -Y mqtt %.3f s, %.0f MiB; ratio %.1f"
      % (ours, ours_mib, theirs, theirs_mib, theirs / ours))
sys.exit(not (theirs / ours >= 5 and ours_mib < 64))
MEASURE
then passed=$((passed + 1)); else failed=$((failed + 1)); fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
