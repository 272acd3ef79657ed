#!/bin/sh
# Installs what is missing, builds the release preset and runs the main demo: a sales report.
set -eu
cd "$(dirname "$0")/.."

tools/setup.sh
cmake --preset release
cmake --build --preset release -j "${JOBS:-2}" --target sales_demo
exec build/release/bin/sales_demo --output build/sales_data "$@"
