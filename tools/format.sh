#!/bin/sh
# Formats the C++ files of the tree; with --check only says which lines differ, and fails.
set -eu
cd "$(dirname "$0")/.."

# One version for everybody: the layout differs between versions.
clang_format=${CLANG_FORMAT:-clang-format-16}
case "${1-}" in
  --check) mode="--dry-run -Werror --ferror-limit=1" ;;
  "") mode="-i" ;;
  *) echo "usage: $0 [--check]" >&2; exit 2 ;;
esac

list_files() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -z -- '*.hpp' '*.cpp'
  else # a source archive
    find . -name build -prune -o \( -name '*.hpp' -o -name '*.cpp' \) -print0
  fi
}

# shellcheck disable=SC2086  # $mode is several words
list_files | xargs -0 -r -n 32 -P 2 "$clang_format" --style=file $mode
