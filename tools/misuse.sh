#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# misuse.sh -- wrong use of every program: one clear line, the right exit code.
#
# usage: tools/misuse.sh BUILD
# Each row below is: exit code | what the line on stderr must name | command.
# A program must say one line, write no report, and listen nowhere. Closes with
# "N passed, N failed".
set -u
bin=$(cd "$1" && pwd)/bin
own=$PWD/captures/qos2.pcap
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
passed=0
failed=0

# ---- things to trip over
printf '[target]\nname = x\nprogramm = x /bin/true\n' >typo.ini
printf '[target]\nname = gone\nprogram = gone /no/such/broker\ncommand = {program}\n' >gone.ini
printf 'not json' >broken.json
printf '{"schema":"mqttspec/99","cases":[]}' >future.json
printf 'only_a_name\n' >bad.known
printf 'plain text' >file
printf '[broker]\nno-such-option = 1\n' >typo.conf
openssl req -x509 -newkey rsa:2048 -nodes -keyout open.pem -out cert.pem -days 2 -subj /CN=x 2>/dev/null
cat cert.pem >>open.pem
chmod 644 open.pem
"$bin/mqttspec-broker" --acceptor tcp://127.0.0.1:0 >broker.out 2>broker.err &
broker=$!
trap 'kill "$broker" 2>/dev/null; rm -rf "$scratch"' EXIT
used=$(timeout 10 grep -m1 -o '[0-9]*$' < <(tail -n +1 -f --pid=$broker broker.out))
A=tcp://127.0.0.1:0

row() { # CODE REGEX COMMAND...
    local code=$1 regex=$2 status
    shift 2
    timeout 20 "$bin/$1" "${@:2}" >out 2>err </dev/null
    status=$?
    if [ "$status" -eq "$code" ] && [ "$(wc -l <err)" -eq 1 ] && grep -qE -- "$regex" err && [ -z "$(find reports -type f 2>/dev/null)" ] && ! grep -q '^listening' out; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED  $* : exit $status (expected $code), said:"
        sed 's/^/        /' err | head -5
    fi
}

row 2 "unknown.*--no-such" mqttspec run --no-such
row 2 "--mqtt" mqttspec run --mqtt 4.0
row 2 "--transport" mqttspec run --transport udp
row 2 "--transport tcp: wants wss" mqttspec run wss://127.0.0.1:1 --transport tcp
row 2 "--shard" mqttspec run --shard 4/3
row 2 "--jobs" mqttspec run --jobs many
row 2 "no case was selected" mqttspec run --only no_such_test
row 2 "no_such_fault" mqttspec run --fault no_such_fault
row 2 "no.such.known" mqttspec run --known no.such.known
row 2 "bad.known" mqttspec run --known bad.known
row 3 "127.0.0.1 port 1" mqttspec run mqtt://127.0.0.1:1
row 2 "typo.ini.*programm" mqttspec run typo.ini
row 3 "gone" mqttspec run gone.ini
row 2 "--count -1" mqttspec fuzz --count -1
row 2 "--seed" mqttspec fuzz --seed
row 2 "--steps 1,x" mqttspec fuzz --steps 1,x
row 2 "--transport udp" mqttspec fuzz --transport udp
row 2 "--pid 999999999" mqttspec fuzz mqtt://127.0.0.1:1 --pid 999999999
row 2 "second" mqttspec fuzz mqtt://127.0.0.1:1 second
row 2 "no_such_broker" mqttspec fuzz no_such_broker
row 3 "127.0.0.1 port 1" mqttspec fuzz mqtt://127.0.0.1:1
row 2 "no_such_broker" mqttspec run no_such_broker
row 3 "file/latest|file" mqttspec run --report file/latest --only ping_answered
row 2 "5.0/MQTT-9.9.9-9" mqttspec explain 5.0/MQTT-9.9.9-9
row 2 "missing.json" mqttspec compare missing.json file -o page.html
row 2 "broken.json" mqttspec compare broken.json broken.json -o page.html
row 2 "mqttspec/99" mqttspec merge future.json -o all.json
row 2 "no-such-option" mqttspec-broker --no-such-option 1
row 2 'observe: host ::1' mqttspec-broker --acceptor 'tcp://[::1]:0' --observe seen
row 2 "typo.conf.*no-such-option|no-such-option" mqttspec-broker -c typo.conf
row 2 "missing.conf" mqttspec-broker -c missing.conf
row 2 "receiveMaximum.*0.*65535" mqttspec-broker --acceptor "$A?receiveMaximum=0"
row 2 "topicAliasMaximum.*65536" mqttspec-broker --acceptor "$A?topicAliasMaximum=65536"
row 2 "maximumPacketSize.*0" mqttspec-broker --acceptor "$A?maximumPacketSize=0"
row 2 "serverKeepAlive.*abc" mqttspec-broker --acceptor "$A?serverKeepAlive=abc"
row 2 "allowLinkStealing.*tru" mqttspec-broker --acceptor "$A?allowLinkStealing=tru"
row 2 "noSuchParameter" mqttspec-broker --acceptor "$A?noSuchParameter=1"
row 2 "keyStorePath" mqttspec-broker --acceptor "$A?sslEnabled=true"
row 2 "missing.pem" mqttspec-broker --acceptor "$A?sslEnabled=true;keyStorePath=missing.pem"
row 2 "open.pem" mqttspec-broker --acceptor "$A?sslEnabled=true;keyStorePath=open.pem"
row 2 "$used" mqttspec-broker --acceptor "tcp://127.0.0.1:$used"
row 2 "no.such.users" mqttspec-broker --users no.such.users --acceptor "$A"
row 2 "no.such.acl" mqttspec-broker --acl no.such.acl --acceptor "$A"
row 2 "users=.: Is a directory" mqttspec-broker --users . --acceptor "$A"
row 2 "acl=.: Is a directory" mqttspec-broker --acl . --acceptor "$A"
row 2 "trace=maybe.*true or false" mqttspec-broker --trace maybe --acceptor "$A"
row 2 "hash-password.*one NAME" mqttspec-broker --hash-password
row 2 "hash-password.*#x" mqttspec-broker --hash-password '#x'
row 2 "no.such.module" mqttspec-broker --security-module no.such.module --acceptor "$A"
row 4 "missing.pcap" mqttspec-replay dump missing.pcap
row 4 "not a capture file" mqttspec-replay check file
row 2 "dump, check or run" mqttspec-replay
row 2 "dump, check and run" mqttspec-replay judge file
row 2 "one capture" mqttspec-replay dump
row 2 "one capture" mqttspec-replay check file file
row 2 "mqttspec-replay: .*--no-such" mqttspec-replay dump --no-such file
row 2 "mqttspec-replay: .*--keys" mqttspec-replay check file --keys
row 2 "3.1, 3.1.1 or 5.0" mqttspec-replay check --assume-version 6 file
row 4 "no.keys" mqttspec-replay dump --keys no.keys "$own"

# replay FILE OPTION VALUE: the option is at fault
replay() { row "$1" "$2" mqttspec-replay run "$own" --target mqtt://127.0.0.1:1 "${@:3}"; }
row 2 "one capture" mqttspec-replay run --target mqtt://127.0.0.1:1
row 2 "--target" mqttspec-replay run file
row 2 "--target.*gopher" mqttspec-replay run file --target gopher://127.0.0.1
row 2 "mqttspec-replay run: .*--no-such" mqttspec-replay run file --no-such
replay 4 "127.0.0.1:1"
replay 2 "--order.*sideways" --order sideways
replay 2 "--speed.*never" --speed never
replay 2 "--speed.*0" --speed 0
replay 2 "--max-gap" --max-gap -1
replay 2 "--fence" --fence wood
replay 2 "--race-window" --race-window x
replay 2 "--timeout" --timeout x
replay 2 "--settle" --settle x
replay 2 "--resume-from" --resume-from 0
replay 2 "--at-end" --at-end never
replay 2 "--client-id.*who" --client-id who
replay 2 "no.map" --client-id map=no.map
replay 2 "bad.known: line 1" --client-id map=bad.known
replay 2 "no.users" --credentials no.users
replay 2 "no.ca" --cafile no.ca
replay 2 "--midstream" --midstream guess
replay 2 "--assume-version" --assume-version 6
replay 4 "no.keys" --keys no.keys
replay 4 "no/such/junit" --junit no/such/junit.xml
replay 4 "no/such/live" --write no/such/live.pcap
replay 4 "no/such/clean" --anonymise no/such/clean.pcap

# tap OPTION VALUE: the option is at fault
tap() { row "$1" "$2" mqttspec-tap --listen 0 --target mqtt://127.0.0.1:1 "${@:3}"; }
row 2 "--listen" mqttspec-tap --listen no-port --target mqtt://127.0.0.1:1
row 2 "--listen.*65535" mqttspec-tap --listen 65536 --target mqtt://127.0.0.1:1
row 2 "--target" mqttspec-tap --listen 0
row 2 "--target takes" mqttspec-tap --listen 0 --target ws://127.0.0.1:1
row 4 "$used" mqttspec-tap --listen "$used" --target mqtt://127.0.0.1:1
tap 2 "--no-such" --no-such
tap 2 "nothing else" file
tap 2 "--cert and --key" --cert cert.pem
tap 2 "no.pem" --cert no.pem --key open.pem
tap 4 "file: " --cert file --key open.pem
tap 4 "file: " --cert cert.pem --key file
tap 2 "no.ca" --cafile no.ca
tap 2 ".html, .json or .txt" --report page.doc
tap 4 "no/such/page" --report no/such/page.html
tap 4 "no/such/tap" --write no/such/tap.pcap

kill "$broker"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
