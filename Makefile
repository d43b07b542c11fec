# SPDX-License-Identifier: Apache-2.0
# Makefile -- builds the reference broker, the harness and the tools, and runs them.
#
# One file, no recursion. Sources are found by folder: a new .c in a room is
# built without touching this file. Three variants of every object live side by
# side (plain, san, cov), so that no build disturbs another.

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

B      ?= build
CC     := $(if $(filter default,$(origin CC)),gcc,$(CC))
CLANG  ?= clang
OPT    ?= -O2
PREFIX ?= /usr/local
TARGET ?=
CAPTURE ?=
V      ?=
Q      := $(if $(V),,@)
say     = $(if $(V),,@printf '  %-5s %s\n' '$1' '$2')

VERSION := $(shell cat VERSION)

WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
CFLAGS_ALL = -std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -g $(WARN) -DMQTTSPEC_VERSION='"$(VERSION)"' -MMD -MP -pthread $(CFLAGS)

BROKER_LIBS := -lssl -lcrypto -lsqlite3 -lwslay -linih -ldl -lm
CONF_LIBS   := -lcheck -lsubunit -lpaho-mqtt3as -lssl -lcrypto -lwslay -lcjson -lpcap -linih -lrt -lm -ldl

# ---- rooms -------------------------------------------------------------------
sources = $(foreach d,$1,$(wildcard $d/*.c))
BROKER_SRC   := $(filter-out broker/main.c,$(call sources,broker broker/base broker/codec broker/net broker/state))
CONF_SRC     := $(filter-out conformance/main.c,$(call sources,conformance $(patsubst %/,%,$(filter-out conformance/selftest/,$(wildcard conformance/*/)))))
TOOLS_SRC    := $(filter-out tools/mqttspec-%,$(call sources,tools))
TOOLS_MAIN   := $(patsubst tools/%.c,%,$(wildcard tools/mqttspec-*.c))
MODULES      := $(patsubst broker/examples/%.c,%,$(wildcard broker/examples/*.c))
FUZZERS      := $(patsubst fuzz/%.c,%,$(filter-out fuzz/standalone.c,$(wildcard fuzz/*.c)))
FUZZ_SRC     := $(call sources,fuzz/support conformance/wire conformance/observe) conformance/blackbox/grammar.c
FUZZ_TOOLS   := $(patsubst %,tools/%.c,capture detect flow fragment framer link pcapng tcp tls ws)
# Targets whose inputs are packets share one mutator; it needs libFuzzer.
FUZZ_PACKETS := decode differential durable frame observe roundtrip session wire
BROKER_TEST  := $(call sources,broker/tests)
CONF_TEST    := $(call sources,conformance/selftest)
TOOLS_TEST   := $(call sources,tools/tests)
ALL_SRC      := $(BROKER_SRC) $(CONF_SRC) $(TOOLS_SRC) $(BROKER_TEST) $(CONF_TEST) $(TOOLS_TEST) \
                $(wildcard broker/main.c conformance/main.c tools/mqttspec-*.c)
FUZZ_ALL     := $(BROKER_SRC) $(FUZZ_TOOLS) $(FUZZ_SRC) fuzz/standalone.c $(FUZZERS:%=fuzz/%.c)

# Files that the harness carries inside itself, so that one binary is enough.
EMBED := $(sort $(wildcard conformance/statements/*.csv conformance/targets/*.ini conformance/targets/*.known conformance/targets/*.sh conformance/targets/*.js reports/page/*))

# ---- set-up ------------------------------------------------------------------
READY := $(B)/.ready
$(READY): tools/setup.sh
	$(Q)mkdir -p $(@D)
	$(Q)tools/setup.sh
	$(Q)touch $@

# ---- one variant: $1 name, $2 folder, $3 flags ---------------------------------
binaries = $(MODULES:%=$1/lib/%.so) $(FUZZERS:%=$1/bin/fuzz-%) $(addprefix $1/bin/,$(if $(wildcard broker/main.c),mqttspec-broker) $(if $(wildcard conformance/main.c),mqttspec) \
             $(TOOLS_MAIN) $(if $(BROKER_TEST),test-broker) $(if $(CONF_TEST),test-harness) $(if $(TOOLS_TEST),test-tools))

define VARIANT
OBJ_$1 := $$(patsubst %.c,$2/obj/%.o,$$(ALL_SRC)) $2/obj/embed.o

$2/obj/broker/%.o: broker/%.c | $$(READY)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS_ALL) $3 -Ibroker -c -o $$@ $$<

$2/obj/broker/main.o $2/obj/broker/sys.o $2/obj/conformance/main.o $(TOOLS_MAIN:%=$2/obj/tools/%.o): VERSION

$2/obj/conformance/%.o: conformance/%.c | $$(READY)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS_ALL) $3 -Iconformance -c -o $$@ $$<

$2/obj/tools/%.o: tools/%.c | $$(READY)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS_ALL) $3 -Iconformance -Itools -c -o $$@ $$<

$2/obj/fuzz/%.o: fuzz/%.c | $$(READY)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS_ALL) $3 -Ifuzz -Ibroker -Iconformance -Itools -c -o $$@ $$<

$2/obj/embed.c: tools/embed.sh $$(EMBED)
	$$(call say,GEN,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)tools/embed.sh $$(EMBED) > $$@

$2/obj/embed.o: $2/obj/embed.c | $$(READY)
	$$(Q)$$(CC) $$(CFLAGS_ALL) $3 -Iconformance -c -o $$@ $$<

$2/lib/libbroker.a: $$(BROKER_SRC:%.c=$2/obj/%.o)
$2/lib/libconformance.a: $$(CONF_SRC:%.c=$2/obj/%.o) $2/obj/embed.o
$2/lib/libtools.a: $$(TOOLS_SRC:%.c=$2/obj/%.o)
$2/lib/libfuzztools.a: $$(FUZZ_TOOLS:%.c=$2/obj/%.o)
$2/lib/libfuzz.a: $$(patsubst %.c,$2/obj/%.o,$$(filter-out %/mutate.c,$$(FUZZ_SRC)))
$2/lib/%.a:
	$$(call say,AR,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)rm -f $$@ && ar rcs $$@ $$^

$2/bin/mqttspec-broker: $2/obj/broker/main.o $2/lib/libbroker.a
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $3 -pthread -rdynamic -o $$@ $$^ $$(LDFLAGS) $$(BROKER_LIBS)

$2/lib/%.so: broker/examples/%.c broker/security_module.h | $$(READY)
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CFLAGS_ALL) $3 -Ibroker -fPIC -shared -o $$@ $$< $$(LDFLAGS)

# It also starts the broker beside it.
$2/bin/test-broker: $$(BROKER_TEST:%.c=$2/obj/%.o) $2/lib/libbroker.a | $2/bin/mqttspec-broker
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $3 -pthread -o $$@ $$^ $$(LDFLAGS) -lcheck -lsubunit -lrt $$(BROKER_LIBS)

# A fuzz target: with libFuzzer where $4 asks for it, else with a plain main().
# The capture reader shares names with the broker, which it does not need.
$2/bin/fuzz-capture: FUZZ_LIBS = $2/lib/libfuzztools.a
$$(patsubst %,$2/bin/fuzz-%,$$(filter-out capture,$$(FUZZERS))): FUZZ_LIBS = $2/lib/libbroker.a
$$(FUZZERS:%=$2/bin/fuzz-%): $2/bin/fuzz-%: $2/obj/fuzz/%.o $$(if $4,,$2/obj/fuzz/standalone.o) \
        $2/lib/libfuzz.a $2/lib/libbroker.a $2/lib/libfuzztools.a
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $3 $4 -pthread -o $$@ $$(filter %.o,$$^) $2/lib/libfuzz.a $$(FUZZ_LIBS) $2/lib/libfuzz.a \
	    $$(LDFLAGS) -Wl,--as-needed $$(BROKER_LIBS) -lpcap

# Each case is a fork of it: nothing is left to be bound or relocated there.
$2/bin/mqttspec: $2/obj/conformance/main.o $2/lib/libconformance.a
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $3 -no-pie -Wl,-z,now -pthread -o $$@ $$^ $$(LDFLAGS) $$(CONF_LIBS)

$2/bin/test-harness: $$(CONF_TEST:%.c=$2/obj/%.o) $2/lib/libconformance.a
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $3 -pthread -o $$@ $$^ $$(LDFLAGS) $$(CONF_LIBS)

$2/bin/test-tools: $$(TOOLS_TEST:%.c=$2/obj/%.o) $2/lib/libtools.a $2/lib/libconformance.a
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $3 -pthread -o $$@ $$^ $$(LDFLAGS) $$(CONF_LIBS)

$$(TOOLS_MAIN:%=$2/bin/%): $2/bin/%: $2/obj/tools/%.o $2/lib/libtools.a $2/lib/libconformance.a
	$$(call say,LD,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $3 -pthread -o $$@ $$^ $$(LDFLAGS) $$(CONF_LIBS)

-include $$(OBJ_$1:.o=.d) $$(patsubst %.c,$2/obj/%.d,$$(FUZZ_ALL))
endef

SAN := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
COV := -O0 --coverage
$(eval $(call VARIANT,plain,$(B),$(OPT)))
$(eval $(call VARIANT,san,$(B)/san,$(SAN)))
$(eval $(call VARIANT,cov,$(B)/cov,$(COV)))

# The fourth variant is for fuzzing: clang, its sanitizers and its engine. To trace comparisons takes half of the time,
# and finds nothing more where packets come from a grammar and words from a dictionary.
FUZZ := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
        -fno-sanitize-coverage=trace-cmp
$(eval $(call VARIANT,fuzz,$(B)/fuzz,$(FUZZ),-fsanitize=fuzzer))
$(B)/fuzz/%: CC = $(CLANG)
$(FUZZ_PACKETS:%=$(B)/fuzz/bin/fuzz-%): $(B)/fuzz/obj/fuzz/support/mutate.o

# ---- what people type ----------------------------------------------------------
.PHONY: faults steady all objects setup help clean install conformance test test-browser compare replay bench unit san coverage lint walls format

all: $(call binaries,$(B)) ## build everything into build/bin
objects: $(OBJ_plain)
setup: ## install the packages that the build needs, or print the one line that does
	$(Q)tools/setup.sh

help: ## list the targets
	$(Q)awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

conformance: all ## run the suite against the reference broker; TARGET=name or URL for another
	$(Q)$(if $(filter mosquitto rabbitmq aedes,$(TARGET)),tools/setup.sh target-$(TARGET))
	$(Q)$(B)/bin/mqttspec run $(TARGET) $(ARGS)

# Stages of a test run: a name and a command on each line; tools/test.sh runs them
# all and adds up their counts. $1 is the folder of the variant. The reference
# broker can do all that is asked for, so that nothing may be skipped.
define unit_stages
broker   $1/bin/test-broker
harness  $1/bin/test-harness
tools    $1/bin/test-tools
corpora  tools/fuzz_replay.sh $1
endef
define suite_stages
conformance  $1/bin/mqttspec run $2 --report $1/reports/conformance
endef
define project_stages
faults   $1/bin/mqttspec faults --report $1/reports/faults
walls    tools/walls.sh $1
misuse   tools/misuse.sh $1
browser  tools/browser/run.sh $1 if-there
clients  tools/setup.sh clients && tools/clients/run.sh $1
decoder  tools/setup.sh decoder && tools/third_decoder.sh $1
vanish   $1/bin/mqttspec-bench --vanish 10000
oracle   tools/setup.sh decoder && tools/oracle.sh $1
replay   tools/setup.sh target-mosquitto && tools/replay.sh $1 '' '' >/dev/null && tools/replay.sh $1 '' mosquitto >/dev/null
endef
export UNIT  = $(call unit_stages,$(B))
export TESTS = $(UNIT)$(nl)$(call project_stages,$(B))$(nl)$(call suite_stages,$(B),--complete)
define nl


endef

replay: all ## replay CAPTURE=file (default: all of captures/) on the reference broker or TARGET=
	$(Q)tools/replay.sh $(B) "$(CAPTURE)" "$(TARGET)" $(ARGS)

bench: all ## the broker's figures beside mosquitto's, in one run; reports/latest/bench.json
	$(Q)$(B)/bin/mqttspec-bench $(ARGS)

unit: all ## run the unit tests of both wings and of the tools
	$(Q)tools/test.sh $(B)/logs "$$UNIT"

test: all ## prove the project itself; closes with "N passed, N failed"
	$(Q)tools/test.sh $(B)/logs "$$TESTS"

SAN_ENV := ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
export SAN_TESTS = $(call unit_stages,$(B)/san)$(nl)$(call suite_stages,$(B)/san)
san: $(call binaries,$(B)/san) ## unit tests and suite under AddressSanitizer and UBSan
	$(Q)$(SAN_ENV) tools/test.sh $(B)/san/logs "$$SAN_TESTS"

export COV_TESTS = $(call unit_stages,$(B)/cov)$(nl)$(call suite_stages,$(B)/cov)
coverage: $(call binaries,$(B)/cov) ## an lcov page of what the tests reach, in build/coverage
	$(Q)tools/setup.sh coverage
	$(Q)find $(B)/cov -name '*.gcda' -delete
	-$(Q)tools/test.sh $(B)/cov/logs "$$COV_TESTS"
	$(Q)lcov -q --capture --directory $(B)/cov/obj --output-file $(B)/cov/all.info
	$(Q)genhtml -q --output-directory $(B)/coverage $(B)/cov/all.info
	$(Q)lcov --summary $(B)/cov/all.info

compare: all ## judge all known brokers that can be had here, then one page that compares them
	$(Q)tools/compare.sh $(B) reports/latest/compare $(TARGETS)

test-browser: all ## open the pages in headless Chromium and use them
	$(Q)tools/browser/run.sh $(B)

faults: all ## prove that the tests can fail: every fault against the suite
	$(Q)$(B)/bin/mqttspec faults $(ARGS)

RUNS ?= 50
steady: all ## run the suite RUNS times (50), half of them on a busy machine with slow packets
	$(Q)$(B)/bin/mqttspec steady --repeat $(RUNS) $(ARGS)

walls: all ## check that the rooms keep to themselves
	$(Q)tools/walls.sh $(B)

FUZZER ?= decode
SECS   ?= 60
FUZZ_BIN := $(B)/fuzz/bin/fuzz
.PHONY: fuzz fuzz-all fuzz-built fuzz-coverage fuzz-minimise fuzz-ossfuzz-check fuzz-planted
fuzz-built: $(FUZZERS:%=$(FUZZ_BIN)-%)
fuzz: ## fuzz one target: FUZZER=name SECS=n; targets are the files of fuzz/
	$(Q)tools/setup.sh build fuzz
	$(Q)$(MAKE) -s $(FUZZ_BIN)-$(FUZZER)
	$(Q)tools/fuzz.sh $(B) $(SECS) $(FUZZER)

fuzz-all: ## fuzz every target for SECS=n, two at a time
	$(Q)tools/setup.sh build fuzz
	$(Q)$(MAKE) -s fuzz-built
	$(Q)tools/fuzz.sh $(B) $(SECS) $(FUZZERS)

fuzz-minimise: ## keep what fuzzing found, as few inputs as reach the same
	$(Q)tools/setup.sh build fuzz
	$(Q)$(MAKE) -s fuzz-built
	$(Q)tools/fuzz.sh $(B) minimise $(FUZZERS)

fuzz-coverage: $(FUZZERS:%=$(B)/cov/bin/fuzz-%) ## an lcov page of what the corpora reach, in build/fuzz-coverage
	$(Q)tools/setup.sh coverage
	$(Q)find $(B)/cov -name '*.gcda' -delete
	$(Q)tools/fuzz_replay.sh $(B)/cov
	$(Q)lcov -q --capture --directory $(B)/cov/obj --output-file $(B)/cov/fuzz.info
	$(Q)lcov -q --remove $(B)/cov/fuzz.info '$(CURDIR)/fuzz/*' '/usr/*' --output-file $(B)/cov/fuzz.info
	$(Q)genhtml -q --output-directory $(B)/fuzz-coverage $(B)/cov/fuzz.info
	$(Q)lcov --list $(B)/cov/fuzz.info
	$(Q)lcov --summary $(B)/cov/fuzz.info

fuzz-planted: ## plant ten bugs, one after the other: each must be found within a minute
	$(Q)tools/setup.sh build fuzz
	$(Q)fuzz/planted.sh $(B)/planted

fuzz-ossfuzz-check: ## build the targets as OSS-Fuzz does, and run each for a moment
	$(Q)tools/setup.sh build fuzz
	$(Q)fuzz/oss-fuzz/check.sh $(B)/oss-fuzz

FORMATTED = $(wildcard broker/*.[ch] broker/*/*.[ch] conformance/*.[ch] conformance/*/*.[ch] tools/*.[ch] tools/*/*.[ch] fuzz/*.[ch] fuzz/*/*.[ch])
lint: walls ## formatting, static analysis, walls
	$(Q)tools/setup.sh lint
	$(Q)clang-format --dry-run -Werror $(FORMATTED)
	$(Q)cppcheck -q --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,portability \
	    --suppress=missingIncludeSystem -Ibroker broker
	$(Q)cppcheck -q --std=c11 --inline-suppr --error-exitcode=1 --enable=warning,portability \
	    --suppress=missingIncludeSystem -Iconformance -Itools conformance tools

format: ## let clang-format decide
	$(Q)clang-format -i $(FORMATTED)

install: all ## install the binaries under PREFIX (default /usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(filter-out %/test-broker %/test-harness %/test-tools $(FUZZERS:%=$(B)/bin/fuzz-%),$(call binaries,$(B))) $(DESTDIR)$(PREFIX)/bin

clean: ## remove what was built
	rm -rf $(B)
