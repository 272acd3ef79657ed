#!/bin/sh
# Installs what is missing, builds the release preset and runs the main demo: sales are made, cleaned
# and added up in SQL; then users' behaviours are counted while they come.
set -eu
cd "$(dirname "$0")/.."

tools/setup.sh
cmake --preset release
cmake --build --preset release -j "${JOBS:-2}" --target sales_demo sluice_cli
cd build
../tools/sales_demo.sh release/bin "$@"
exec release/bin/sluice demo behaviors
