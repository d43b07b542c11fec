#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh -- clients that people really use, against the reference broker.
#
# usage: tools/clients/run.sh BUILD     BUILD: folder with bin/mqttspec-broker
# mosquitto_pub/sub, Paho's Python client and MQTT.js: QoS 0-2, retained, Will,
# TLS, WebSocket, 5.0 properties. Closes with "N passed, N failed".
set -u
cd "$(dirname "$0")/../.."
build=$(cd "$1" && pwd)
scratch=$(mktemp -d)
passed=0
failed=0
broker=

finish() {
    [ -z "$broker" ] || kill "$broker" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$scratch"
}
trap finish EXIT

# check NAME COMMAND...: one test; its output is shown if it fails.
check() {
    local name=$1
    shift
    if "$@" >"$scratch/out" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        sed 's/^/        /' "$scratch/out" | tail -n 20
    fi
}

# ---- the broker: one port for TCP and WebSocket, one for TLS and wss
tools/certificates.sh "$scratch/tls" || exit 1
"$build/bin/mqttspec-broker" \
    --acceptor "tcp://127.0.0.1:0" \
    --acceptor "tcp://127.0.0.1:0?sslEnabled=true;keyStorePath=$scratch/tls/server.p12;keyStorePassword=secret" \
    >"$scratch/broker" 2>&1 &
broker=$!
exec 3< <(tail -n +1 -f --pid="$broker" "$scratch/broker")
listening() { # waits for the next "listening on HOST:PORT", prints PORT
    local line
    while read -r -t 20 line <&3; do
        case $line in "listening on "*) echo "${line##*:}" && return ;; esac
    done
    cat "$scratch/broker" >&2
    return 1
}
plain=$(listening) && secure=$(listening) || { echo "the broker does not start"; exit 1; }

at="-h 127.0.0.1 -p $plain"
# The client first makes a session with its subscription, then leaves; the
# message is published; the client comes back for it. Nothing has to wait.
later() { # VERSION QOS
    local id=later-$1-$2 options="-V $1 -c -q $2"
    [ "$1" != mqttv5 ] || options="$options -x 60"
    mosquitto_sub $at $options -i "$id" -t "$id/+" -E &&
        mosquitto_pub $at -V "$1" -q "$2" -t "$id/a" -m "hello $1 $2" &&
        [ "$(mosquitto_sub $at $options -i "$id" -t "$id/+" -C 1 -W 10)" = "hello $1 $2" ]
}
retained() { # VERSION QOS OPTIONS
    local topic=retained/$1/$2
    mosquitto_pub $at -V "$1" -q "$2" -r -t "$topic" -m kept &&
        [ "$(mosquitto_sub $at -V "$1" -q "$2" -t "$topic" -C 1 -W 10 -F '%r %q %p')" = "1 $2 kept" ] &&
        mosquitto_pub $at -V "$1" -r -n -t "$topic"
}
will() { # VERSION: the Will is retained, so that it can be fetched afterwards
    local id=will-$1 pid
    : >"$scratch/$id"
    stdbuf -oL mosquitto_sub $at -V "$1" -i "$id" -d -t nothing/here --will-topic "$id/w" \
        --will-payload gone --will-retain --will-qos 1 >"$scratch/$id" &
    pid=$!
    grep -q Subscribed < <(tail -n +1 -f --pid="$pid" "$scratch/$id")
    # The same Client Identifier takes over, and that publishes the Will.
    mosquitto_pub $at -V "$1" -i "$id" -t other -m x
    kill -9 "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    [ "$(mosquitto_sub $at -V "$1" -t "$id/w" -C 1 -W 10)" = gone ]
}
properties() {
    mosquitto_pub $at -V 5 -r -t props -m x -D publish content-type text/plain -D publish user-property k v \
        -D publish response-topic answer -D publish correlation-data c1 -D publish payload-format-indicator 1 \
        -D publish message-expiry-interval 100 &&
        mosquitto_sub $at -V 5 -t props -C 1 -W 10 -F '%C|%P|%R|%D|%F' >"$scratch/props" &&
        grep -qx 'text/plain|k:v *|answer|c1|1' "$scratch/props" || { cat "$scratch/props"; false; }
}
over_tls() {
    local tls="-h localhost -p $secure --cafile $scratch/tls/ca.pem"
    mosquitto_pub $tls -V 5 -q 2 -r -t tls -m safe && [ "$(mosquitto_sub $tls -V 5 -t tls -C 1 -W 10)" = safe ]
}

for version in mqttv31 mqttv311 mqttv5; do
    for qos in 1 2; do
        check "mosquitto_sub $version QoS $qos, fetched later" later $version $qos
    done
    check "mosquitto_sub $version QoS 1, retained" retained $version 1
    check "mosquitto_sub $version Will" will $version
done
check "mosquitto_pub 5.0 properties" properties
check "mosquitto_pub over TLS" over_tls

check "Paho Python" /usr/bin/python3 tools/clients/paho_client.py "$plain" "$secure" "$scratch/tls/ca.pem"

if command -v npm >/dev/null; then
    mkdir -p "$build/clients"
    cp tools/clients/package.json "$build/clients/"
    if [ -d "$build/clients/node_modules/mqtt" ] || (cd "$build/clients" && npm install --no-audit --no-fund --ignore-scripts --silent --fetch-retries=1 --fetch-timeout=30000 >/dev/null 2>&1); then
        cp tools/clients/mqttjs_client.js "$build/clients/"
        for url in "mqtt://127.0.0.1:$plain" "mqtts://localhost:$secure" "ws://127.0.0.1:$plain" "wss://localhost:$secure"; do
            check "MQTT.js ${url%%:*}" node "$build/clients/mqttjs_client.js" "$url" "$scratch/tls/ca.pem"
        done
    else
        echo "skipped: MQTT.js (npm cannot install it here)"
    fi
else
    echo "skipped: MQTT.js (no npm on this machine)"
fi

kill -TERM "$broker"
check "the broker ends with 0" wait "$broker"
broker=
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
