#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# oracle.sh -- compares mqttspec-replay with tshark, an independent reader.
#
# usage: tools/oracle.sh [BUILD]        BUILD: folder of the binaries (build)
# For every capture of captures/, and of ../shared/captures/real where it is
# there: the same number of packets of each type, of the same kind, and for
# TLS with the same keys. tshark is asked twice: putting segments in order, it
# waits for ever behind a hole; not doing so, it misreads what is out of order.
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

names='BEGIN { split("CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT AUTH", name, " ") }'

# types_of_tshark REORDER FILE KEYS PORT... -> "n TYPE" lines
types_of_tshark() {
    local reorder=$1 file=$2 keys=$3 decode=() port
    shift 3
    for port in "$@"; do decode+=(-d "tcp.port==$port,mqtt"); done
    [ -z "$keys" ] || decode=(-o "tls.keylog_file:$keys" -d "tls.port==$1,mqtt")
    tshark -n -r "$file" -o "tcp.reassemble_out_of_order:$reorder" \
        -o 'mqtt.default_version:MQTT v5.0' "${decode[@]}" \
        -T fields -e mqtt.msgtype 2>/dev/null |
        tr ',' '\n' | awk "$names"' NF { n[name[$1]]++ } END { for (t in n) print n[t], t }' | sort -k2
}

types_of_ours() {
    "$bin" dump --json "$@" 2>/dev/null |
        sed -n 's/.*"from": "[a-z]*", "type": "\([A-Z]*\)".*/\1/p' | sort | uniq -c |
        awk '{ print $1, $2 }' | sort -k2
}

# The server's ports, where they are not 1883.
ports_of() {
    "$bin" run "$@" --list 2>/dev/null | sed -n 's/.*-> .*:\([0-9]*\)  MQTT.*/\1/p' |
        sort -u | grep -v '^1883$'
}

compare() {
    local file=$1 keys='' ours theirs reorder
    [ -f "${file%.pcap}.keys" ] && keys=${file%.pcap}.keys
    ours=$(types_of_ours "$file" ${keys:+--keys "$keys"})
    for reorder in TRUE FALSE; do
        # shellcheck disable=SC2046
        theirs=$(types_of_tshark $reorder "$file" "$keys" $(ports_of "$file" ${keys:+--keys "$keys"}))
        [ "$ours" = "$theirs" ] || continue
        passed=$((passed + 1))
        return
    done
    failed=$((failed + 1))
    echo "FAILED $file"
    diff <(echo "$theirs") <(echo "$ours") | sed 's/^</    tshark /; s/^>/    ours   /'
}

for file in captures/*.pcap "$shared"/*.pcap*; do
    [ -f "$file" ] || continue
    case $file in *websocket*) continue ;; esac # tshark 4.0 does not look inside
    compare "$file"
done

# Speed, side by side in this very run: reading, reassembling, decoding and
# judging 100,000 frames against `tshark -Y mqtt`, in under 64 MiB.
big=$(mktemp)
trap 'rm -f "$big"' EXIT
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
