#!/bin/sh
# The sales demo, in the folder where it is called: a dirty file is made, cleaned, and added up in SQL.
#   sales_demo.sh FOLDER_OF_PROGRAMS [OPTION OF sales_demo...]
set -eu
programs=$1
shift
examples=$(dirname "$0")/../examples

# Where the files go: what `sales_demo` takes it to be.
output=sales_data
previous=
for argument in "$@"; do
  case $argument in
    --output=*) output=${argument#--output=} ;;
    *) if [ "$previous" = --output ]; then output=$argument; fi ;;
  esac
  previous=$argument
done

rm -rf "${output:?}/sales_summary"
"$programs/sales_demo" generate "$@"
"$programs/sales_demo" clean "$@"
# Quotes are doubled in SQL; & | \ mean something to sed.
path=$(printf '%s' "$output" | sed "s/'/''/g; s/[&|\\\\]/\\\\&/g")
sql=$(sed "s|'sales_data/|'$path/|" "$examples/sales/sales_summary.sql")
"$programs/sluice" sql -e "$sql"
