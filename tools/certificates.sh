#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# certificates.sh -- makes the throw-away certificates that tests use.
#
# usage: tools/certificates.sh DIR
# Writes ca.pem, server.pem + server.key (localhost, 127.0.0.1, ::1),
# server.p12 (password "secret"), client.pem + client.key (CN=client). Keys are
# readable by the owner only. What is there already is kept.
set -eu
[ $# -eq 1 ] || { echo "usage: tools/certificates.sh DIR" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
[ ! -e server.p12 ] || exit 0
umask 077

issue() { # NAME COMMON_NAME EXTENSION
    openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" 2>/dev/null
    printf '%s\n' "$3" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
        -extfile "$1.ext" -out "$1.pem" 2>/dev/null
    rm "$1.csr" "$1.ext"
}

openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj "/CN=mqttspec test CA" 2>/dev/null
issue server localhost 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'
issue client client 'extendedKeyUsage=clientAuth'
openssl pkcs12 -export -in server.pem -inkey server.key -certfile ca.pem -passout pass:secret -out server.p12
