#!/bin/bash -eu
# SPDX-License-Identifier: Apache-2.0
# build.sh -- builds every fuzz target as OSS-Fuzz and ClusterFuzzLite ask for it.
#
# Environment: CC, CXX, CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE, OUT; WORK may be
# unset. Leaves OUT/fuzz-NAME, its seeds (fuzz-NAME_seed_corpus.zip), its
# dictionary and options, and in OUT/lib the shared libraries that the runner
# does not have. The sources are compiled here, without make, so that the
# engine's flags alone decide.
cd "$(dirname "$0")"
[ -d ../../broker ] && cd ../.. || cd "${SRC:?}/mqttspec"
work=${WORK:-$OUT/work}/mqttspec
mkdir -p "$work" "$OUT/lib"
flags="-std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -Ifuzz -Ibroker -Iconformance -DMQTTSPEC_VERSION=\"$(cat VERSION)\""

compile() { # compile OBJECT SOURCE FLAGS...
    mkdir -p "$(dirname "$1")"
    # shellcheck disable=SC2086
    $CC $CFLAGS $flags "${@:3}" -c -o "$1" "$2"
}
archive() { # archive NAME SOURCE ...
    local name=$1 source objects=()
    shift
    for source in "$@"; do
        compile "$work/${source%.c}.o" "$source" "${more[@]}"
        objects+=("$work/${source%.c}.o")
    done
    rm -f "$work/lib$name.a"
    ar rcs "$work/lib$name.a" "${objects[@]}"
}

more=()
archive broker $(ls broker/*.c broker/{base,codec,net,state}/*.c | grep -v '^broker/main\.c$')
archive support fuzz/support/{fuzz,chance,alike,leeway,memory,rows,settings,world,play,invariants}.c \
    conformance/wire/*.c conformance/observe/*.c conformance/blackbox/grammar.c
more=(-Itools)
archive tools tools/{capture,detect,flow,fragment,framer,link,pcapng,tcp,tls,ws}.c
compile "$work/mutate.o" fuzz/support/mutate.c

for source in fuzz/*.c; do
    name=$(basename "$source" .c)
    [ "$name" = standalone ] && continue
    compile "$work/$name.o" "$source" -Itools
    objects=("$work/$name.o")
    grep -q 'fuzz_shape fuzz_shape' "$source" && objects+=("$work/mutate.o")
    wing=$work/libbroker.a
    [ "$name" = capture ] && wing=$work/libtools.a
    # shellcheck disable=SC2086
    $CXX ${CXXFLAGS:-$CFLAGS} $LIB_FUZZING_ENGINE -o "$OUT/fuzz-$name" "${objects[@]}" "$work/libsupport.a" "$wing" \
        "$work/libsupport.a" -Wl,--as-needed,-rpath,'$ORIGIN/lib' -lssl -lcrypto -lsqlite3 -lwslay -linih -lpcap -ldl -lm -lpthread
    if command -v zip >/dev/null; then
        rm -f "$OUT/fuzz-${name}_seed_corpus.zip"
        zip -qj "$OUT/fuzz-${name}_seed_corpus.zip" fuzz/corpus/"$name"/*
    fi
    cp fuzz/mqtt.dict "$OUT/fuzz-$name.dict"
    printf '[libfuzzer]\nmax_len = 4096\n' >"$OUT/fuzz-$name.options"
    # The runner's image has libc and little else.
    ldd "$OUT/fuzz-$name" | awk '$3 ~ /lib(ssl|crypto|sqlite3|wslay|inih|pcap|dbus|systemd|ibverbs|nl)/ {print $3}' | grep -v "^$OUT" |
        xargs -r -I{} cp -Lu {} "$OUT/lib/"
done
