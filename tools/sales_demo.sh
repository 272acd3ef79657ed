#!/bin/sh
# The sales demo, in the folder where it is called: a dirty file is made, cleaned, and added up in SQL.
#   sales_demo.sh FOLDER_OF_PROGRAMS [OPTION OF sales_demo...]
set -eu
programs=$1
shift
examples=$(dirname "$0")/../examples

rm -rf sales_data
"$programs/sales_demo" generate "$@"
"$programs/sales_demo" clean "$@"
"$programs/sluice" sql "$examples/sales/sales_summary.sql"
