#!/bin/sh
# Installs what is missing to build and test Sluice on Debian 12; does nothing when all is there.
set -eu

packages="
  g++ cmake ninja-build ccache git python3 clang-format-16 doxygen bison re2c
  libcaf-dev
  libboost1.81-dev libboost-json1.81-dev libboost-test1.81-dev
  libfmt-dev libspdlog-dev libcli11-dev libsimdjson-dev libxxhash-dev
  libzstd-dev liblz4-dev zlib1g-dev libssl-dev libabsl-dev libre2-dev librdkafka-dev libedit-dev
"

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this is not Debian; have these packages' equivalents installed:" $packages
  exit 0
fi

missing=""
installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' $packages 2>/dev/null || true)
for package in $packages; do
  if ! printf '%s\n' "$installed" | grep -qxF "ii $package"; then
    missing="$missing $package"
  fi
done
if [ -z "$missing" ]; then
  echo "setup: everything is installed"
  exit 0
fi

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  as_root="sudo"
  if ! command -v sudo >/dev/null; then
    echo "setup: as root, run: apt-get install$missing" >&2
    exit 1
  fi
fi
echo "setup: installing$missing"
apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600"
$apt update
$apt install -y --no-install-recommends $missing
