#!/usr/bin/env python3
"""Checks what examples/sales/sales_summary.sql writes, byte by byte: this script adds up by itself.

  check_sales_sql.py SALES_DEMO SLUICE SCRIPT [--rows N] [--seed N] [--parallelism N] [--skip-header]

The programs run in an empty temporary folder. --skip-header adds 'csv.header' = 'skip' to the script.
"""
import argparse
import csv
import decimal
import pathlib
import re
import subprocess
import sys
import tempfile

CENT = decimal.Decimal("0.01")


def java_double(number):
    """As Java prints a double: scientific from 10^7 on."""
    sign, digits, exponent = decimal.Decimal(repr(float(number))).normalize().as_tuple()
    point = len(digits) + exponent
    text = "".join(map(str, digits))
    if number == 0:
        text = "0.0"
    elif -3 < point <= 7:
        text = text.rjust(-exponent, "0") if exponent < 0 else text + "0" * exponent
        point = max(point, 0)
        text = f"{text[:point] or '0'}.{text[point:] or '0'}"
    else:
        text = f"{text[0]}.{text[1:] or '0'}E{point - 1}"
    return "-" * sign + text


def expected_lines(clean_file, header_is_data):
    totals = {}
    with open(clean_file, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            worth = decimal.Decimal(row["Quantity"]) * decimal.Decimal(row["UnitPrice"])
            totals[row["Category"]] = totals.get(row["Category"], 0) + worth
    lines = [f"{name},{java_double(total.quantize(CENT))}\n" for name, total in totals.items()]
    return sorted(lines + ["Category,0.0\n"] * header_is_data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sales_demo")
    parser.add_argument("sluice")
    parser.add_argument("script", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=50000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parallelism", type=int, default=2)
    parser.add_argument("--skip-header", action="store_true")
    arguments = parser.parse_args()

    script = arguments.script.read_text(encoding="utf-8")
    if arguments.skip_header:
        option = "'csv.ignore-parse-errors' = 'true'"
        if option not in script:
            sys.exit(f"the script has no {option}")
        script = script.replace(option, f"{option}, 'csv.header' = 'skip'")

    with tempfile.TemporaryDirectory(prefix="sluice-sales-") as name:
        folder = pathlib.Path(name)
        (folder / "sales_summary.sql").write_text(script, encoding="utf-8")
        for command in ([arguments.sales_demo, "generate", "--rows", str(arguments.rows),
                         "--seed", str(arguments.seed)],
                        [arguments.sales_demo, "clean"],
                        [arguments.sluice, "sql", "--parallelism", str(arguments.parallelism),
                         "sales_summary.sql"]):
            run = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True)
            if run.returncode != 0:
                sys.exit(f"{' '.join(command)} ended with status {run.returncode}")
        files = list((folder / "sales_data/sales_summary").iterdir())
        if len(files) != 1 or not re.fullmatch(r"part-[0-9a-f-]{36}-task-0-file-0", files[0].name):
            sys.exit(f"not one file of one task, but: {[f.name for f in files]}")
        lines = sorted(files[0].read_bytes().decode("utf-8").splitlines(keepends=True))
        expected = expected_lines(folder / "sales_data/sales_clean.csv", not arguments.skip_header)

    if lines != expected:
        sys.exit(f"written:\n{''.join(lines)}but it is:\n{''.join(expected)}")
    if len(expected) != (5 if arguments.skip_header else 6):
        sys.exit(f"{len(expected)} lines")
    print(f"{len(lines)} lines")


if __name__ == "__main__":
    main()
