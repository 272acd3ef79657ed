#!/bin/sh
# Installs what is missing to build Sluice on Debian 12; does nothing when all is there.
#   setup.sh [--tests]     also what some tests can do without: they are skipped, by name, where it
#                          cannot be had
set -eu

packages="
  g++ cmake ninja-build ccache git python3 clang-format-16 doxygen bison re2c
  libcaf-dev
  libboost1.81-dev libboost-json1.81-dev libboost-test1.81-dev
  libfmt-dev libspdlog-dev libcli11-dev libsimdjson-dev libxxhash-dev
  libzstd-dev liblz4-dev zlib1g-dev libssl-dev libabsl-dev libre2-dev librdkafka-dev libedit-dev
"
# A real Kafka: tests/services/kafka.py.
test_packages="openjdk-17-jre-headless maven"

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is not Debian; have these packages' equivalents installed:" $packages
  exit 0
fi

# Those of the packages that are not installed.
missing_of() {
  installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    printf '%s\n' "$installed" | grep -qxF "ii $package" || printf ' %s' "$package"
  done
}

missing=$(missing_of $packages)
missing_for_tests=""
if [ "${1:-}" = --tests ]; then
  missing_for_tests=$(missing_of $test_packages)
fi
if [ -z "$missing$missing_for_tests" ]; then
  echo "setup: everything is installed"
  exit 0
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  as_root="sudo"
  if ! command -v sudo >/dev/null; then
    echo "setup: as root, run: apt-get install$missing$missing_for_tests" >&2
    [ -z "$missing" ] && exit 0
    exit 1
  fi
fi
echo "setup: installing$missing$missing_for_tests"
apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600"
if [ -n "$missing" ]; then
  $apt update
  $apt install -y --no-install-recommends $missing
fi
if [ -n "$missing_for_tests" ]; then
  { $apt update && $apt install -y --no-install-recommends $missing_for_tests; } \
    || echo "setup: without$missing_for_tests the tests on a real Kafka are skipped" >&2
fi
