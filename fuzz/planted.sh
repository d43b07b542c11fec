#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# planted.sh -- plants a bug, and asks its fuzz target to find it; ten times.
#
# usage: fuzz/planted.sh OUT [NAME ...]      OUT: for a copy of the sources
#
# Each starts from the corpus as it is committed and has a minute. Says a line
# for each: the target, after how many executions, what it said. Closes with
# "N passed, N failed"; a bug that survives is a failure.
# shellcheck disable=SC2016  # what is in single quotes is for perl
set -u
cd "$(dirname "$0")/.." || exit 3
out=$1
shift
passed=0 failed=0
rm -rf "$out/tree" && mkdir -p "$out/tree" "$out/work"
git ls-files -z Makefile VERSION broker conformance tools fuzz | tar -c --null -T - | tar -x -C "$out/tree"
out=$(realpath "$out")

# plant NAME TARGET FILE PERL: PERL changes the text of FILE, read whole.
plant() {
    local name=$1 target=$2 file=$3 change=$4 log=$out/$1.log n
    [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]] && return
    cp "$out/tree/$file" "$out/sound"
    perl -0pi -e "$change" "$out/tree/$file"
    if cmp -s "$out/tree/$file" "$out/sound" || ! make -s -j"$(nproc)" -C "$out/tree" "build/fuzz/bin/fuzz-$target" >"$log" 2>&1; then
        printf '%-34s cannot be planted in %s\n' "$name" "$file"
        failed=$((failed + 1))
    else
        rm -rf "$out/work" && mkdir -p "$out/work"
        "$out/tree/build/fuzz/bin/fuzz-$target" -max_total_time=60 -max_len=4096 -timeout=20 -print_final_stats=1 \
            -artifact_prefix="$out/" "$out/work" "$out/tree/fuzz/corpus/$target" >"$log" 2>&1 </dev/null
        local status=$?
        n=$(grep -a 'stat::number_of_executed_units' "$log" | grep -oE '[0-9]+$')
        if [ $status = 0 ]; then
            printf '%-34s %-10s SURVIVES %s executions\n' "$name" "$target" "$n"
            failed=$((failed + 1))
        else
            printf '%-34s %-10s after %7s executions: %s\n' "$name" "$target" "$n" \
                "$(grep -aE '^fuzz: |ERROR: AddressSanitizer|runtime error: ' "$log" | head -1 | sed 's/^==[0-9]*==//' | cut -c1-90)"
            passed=$((passed + 1))
        fi
    fi
    cp "$out/sound" "$out/tree/$file" && touch "$out/tree/$file"
}
wanted=("$@")

plant length-not-checked decode broker/base/bytes.c \
    's/(static const uint8_t \*take\([^{]*\{.*?)reader_left\(r\) < n/${1}n > 0xFFFF/s'
plant surrogates-accepted utf8 broker/base/utf8.c 's/first == 0xED \? 0x9F : //'
plant wrong-length-in-connack roundtrip broker/codec/encode.c \
    's/(write_varint\(&w, \(uint32_t\)length)\);/$1 + (packet->type == PACKET_CONNACK));/'
plant length-126-in-one-octet ws broker/net/ws.c 's/if \(n <= MAX_CONTROL\)/if (n <= 126)/'
plant use-after-takeover session broker/on_session.c \
    's/if \(c->session\)(\s*on_session_lost)/if (c->session && reason != REASON_SESSION_TAKEN_OVER)$1/'
plant will-freed-twice session broker/on_session.c \
    's/(if \(!m\)\s*return;\s*)s->will\.message = NULL;/$1/'
plant alias-0-accepted session broker/on_publish.c 's/alias == 0 \|\| //'
plant identifier-used-again session broker/state/inflight.c \
    's/uint16_t id = f->last_id;/uint16_t id = 0;/; s/while \(inflight_find\(f, id\)\);/while (0);/'
plant no-local-ignored session broker/state/router.c 's/s->is_no_local && s->session/0 && s->session/'
plant message-of-a-released-delivery store broker/state/store_load.c 's/if \(m\)(\s*m->n_stored\+\+;)/$1/'
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
