#!/bin/sh
# Installs what is missing, builds everything as CI does and runs every test.
# TEST_PRESET=asan (or tsan, debug) builds and tests another preset; arguments go to ctest.
set -eu
cd "$(dirname "$0")/.."
preset=${TEST_PRESET:-ci}

tools/setup.sh --tests
cmake --preset "$preset"
cmake --build --preset "$preset" -j "${JOBS:-2}"
exec ctest --preset "$preset" "$@"
