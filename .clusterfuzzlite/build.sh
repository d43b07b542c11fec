#!/bin/bash -eu
# SPDX-License-Identifier: Apache-2.0
# build.sh -- the same build as for OSS-Fuzz.
exec "$SRC/mqttspec/fuzz/oss-fuzz/build.sh"
