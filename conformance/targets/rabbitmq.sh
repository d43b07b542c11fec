#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# rabbitmq.sh -- runs one node of RabbitMQ, with an epmd of its own, all of it
# on the loopback interface and in one folder.
#
# usage: rabbitmq.sh FOLDER DIST_PORT EPMD_PORT [OTHER_DIST_PORT]
# FOLDER/config becomes the node's rabbitmq.conf. Its name is
# n<DIST_PORT>@localhost, and stays so when it is started again in that folder
# with other ports: its data go by its name. With the port of another of the
# same EPMD_PORT it forms a cluster with that one. SIGTERM stops the node, then
# epmd; both die with this script, however it ends.
set -eu
folder=$1
export HOME="$folder" ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$3"
[ -e "$folder/name" ] || echo "n$2@localhost" >"$folder/name"
RABBITMQ_NODENAME=$(cat "$folder/name")
export RABBITMQ_NODENAME RABBITMQ_DIST_PORT="$2"
export RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_LOGS=-
export RABBITMQ_CONFIG_FILE="$folder/rabbitmq.conf"
export RABBITMQ_ADVANCED_CONFIG_FILE="$folder/none.config"
export RABBITMQ_ENABLED_PLUGINS_FILE="$folder/enabled_plugins"
export RABBITMQ_FEATURE_FLAGS_FILE="$folder/feature_flags"
export RABBITMQ_MNESIA_BASE="$folder/mnesia" RABBITMQ_LOG_BASE="$folder/logs"
export RABBITMQ_GENERATED_CONFIG_DIR="$folder/generated"
export RABBITMQ_PID_FILE="$folder/node.pid"
# One scheduler that does not spin: several nodes share the machine.
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="\
-kernel inet_dist_use_interface {127,0,0,1} \
+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"
# Then the server's script replaces itself by the Erlang VM.
export RUNNING_UNDER_SYSTEMD=true

cp "$folder/config" "$folder/rabbitmq.conf"
if [ $# -gt 3 ]; then
    number=1
    echo 'cluster_formation.peer_discovery_backend = classic_config'
    for port in "$2" "$4"; do
        echo "cluster_formation.classic_config.nodes.$number = n$port@localhost"
        number=$((number + 1))
    done
fi >>"$folder/rabbitmq.conf"
if [ -e "$folder/definitions" ]; then
    { cat "$folder/definitions"; echo ']}'; } >"$folder/definitions.json"
fi
echo '[rabbitmq_mqtt, rabbitmq_web_mqtt].' >"$folder/enabled_plugins"
if [ ! -e "$folder/.erlang.cookie" ]; then
    printf %s MQTTSPECLOOPBACK >"$folder/.erlang.cookie"
    chmod 400 "$folder/.erlang.cookie"
fi

epmd=
if ! epmd -port "$3" -names >/dev/null 2>&1; then
    setpriv --pdeathsig KILL epmd -address 127.0.0.1 -port "$3" &
    epmd=$!
fi
setpriv --pdeathsig KILL /usr/lib/rabbitmq/bin/rabbitmq-server &
node=$!
trap 'kill -TERM $node 2>/dev/null' TERM INT
# A signal ends wait early: wait again until the node is gone.
code=0
while kill -0 "$node" 2>/dev/null; do
    code=0
    wait "$node" || code=$?
done
if [ -n "$epmd" ]; then
    kill "$epmd" 2>/dev/null || true
    wait "$epmd" || true
fi
exit $code
