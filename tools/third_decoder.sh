#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# third_decoder.sh -- what the reference broker sends, read by tshark.
#
# usage: tools/third_decoder.sh BUILD
# Runs the whole suite with a capture of every case and lets Wireshark's
# dissector, which knows neither of our codecs, look for malformed packets from
# the broker. Says so and ends with 0 where there is no tshark.
set -euo pipefail
build=$1
command -v tshark >/dev/null && command -v mergecap >/dev/null || {
    echo "skipped: the third decoder (no tshark on this machine)"
    exit 0
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$build/bin/mqttspec" run --captures all --report "$scratch/report" >"$scratch/log" 2>&1 || {
    tail -n 20 "$scratch/log"
    exit 1
}
find "$scratch/report/captures" -name '*.pcap' -print0 | xargs -0 mergecap -w "$scratch/all.pcap"

from_broker='mqtt && tcp.srcport == 1883'
n=$(tshark -r "$scratch/all.pcap" -Y "$from_broker" -T fields -e mqtt.msgtype 2>/dev/null | tr ',' '\n' | wc -l)
tshark -r "$scratch/all.pcap" -Y "$from_broker && _ws.malformed" >"$scratch/malformed" 2>/dev/null
bad=$(wc -l <"$scratch/malformed")
head -n 20 "$scratch/malformed"
echo "tshark read $n packets of the broker, $bad malformed"
[ "$n" -gt 1000 ] && [ "$bad" -eq 0 ]
