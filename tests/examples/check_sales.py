#!/usr/bin/env python3
"""Checks the sales demo against a second opinion: this script cleans and adds up by itself.

  check_sales.py SALES_DEMO [--rows N] [--seed N] [--parallelism N]

The demo runs in an empty temporary folder. Compared are every line of the clean file and the table
that is printed, and that the raw file has each fault that it is meant to have.
"""
import argparse
import csv
import decimal
import pathlib
import re
import subprocess
import sys
import tempfile

COLUMNS = ("InvoiceNo StockCode Description Quantity InvoiceDate UnitPrice CustomerID Country Discount "
           "PaymentMethod ShippingCost Category SalesChannel ReturnStatus ShipmentProvider "
           "WarehouseLocation OrderPriority").split()
NUMBERS = ["Quantity", "UnitPrice", "CustomerID", "Discount", "ShippingCost"]
NUMBER = re.compile(r"-?\d+(\.\d+)?")
CENT = decimal.Decimal("0.01")


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if rows[0] != COLUMNS:
        sys.exit(f"{path.name}: the header is {rows[0]}")
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]]


def check_faults(rows):
    def share(fault):
        return sum(map(fault, rows)) / len(rows)

    faults = {
        "missing CustomerID": share(lambda r: r["CustomerID"] == ""),
        "missing ShippingCost": share(lambda r: r["ShippingCost"] == ""),
        "negative Quantity": share(lambda r: r["Quantity"].startswith("-")),
        "negative UnitPrice": share(lambda r: r["UnitPrice"].startswith("-")),
        "padded Category": share(lambda r: r["Category"] != r["Category"].strip() != ""),
        "no Category": share(lambda r: r["Category"].strip() == ""),
    }
    for column in NUMBERS:
        faults[f"{column} not a number"] = share(
            lambda r, c=column: r[c] != "" and not NUMBER.fullmatch(r[c]))
    for fault, part in faults.items():
        if not 0.001 < part < 0.2:
            sys.exit(f"raw file: {part:.2%} of the rows have: {fault}")


def cleaned(row):
    for column in NUMBERS:
        text = row[column].strip()
        row[column] = decimal.Decimal(text if NUMBER.fullmatch(text) else 0).quantize(CENT)
    row["Category"] = row["Category"].strip()
    return row if row["Quantity"] > 0 and row["UnitPrice"] > 0 and row["Category"] else None


def printed_table(output):
    return dict(re.findall(r"^\| (\w+) +\| +([\d.]+) \|$", output, re.MULTILINE))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--rows", type=int, default=50000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parallelism", type=int, default=2)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="sluice-sales-") as folder:
        command = [arguments.program, "--rows", arguments.rows, "--seed", arguments.seed,
                   "--parallelism", arguments.parallelism, "--output", "out"]
        run = subprocess.run(list(map(str, command)), cwd=folder, stdout=subprocess.PIPE, text=True)
        if run.returncode != 0:
            sys.exit(f"sales_demo ended with status {run.returncode}")
        raw = read_csv(pathlib.Path(folder, "out/sales_raw.csv"))
        clean = read_csv(pathlib.Path(folder, "out/sales_clean.csv"))

    if len(raw) != arguments.rows:
        sys.exit(f"raw file: {len(raw)} rows")
    check_faults(raw)

    expected = [row for row in map(cleaned, raw) if row]
    expected_lines = sorted([str(row[c]) for c in COLUMNS] for row in expected)
    lines = sorted([row[c] for c in COLUMNS] for row in clean)
    if lines != expected_lines:
        wrong = next((a, b) for a, b in zip(lines + [None], expected_lines + [None]) if a != b)
        sys.exit(f"clean file: {len(lines)} rows instead of {len(expected_lines)}; "
                 f"the first that differs:\n{wrong[0]}\n{wrong[1]}")

    totals = {}
    for row in expected:
        totals[row["Category"]] = (totals.get(row["Category"], 0)
                                   + row["Quantity"] * row["UnitPrice"])
    totals = {category: str(total.quantize(CENT)) for category, total in totals.items()}
    if printed_table(run.stdout) != totals:
        sys.exit(f"printed:\n{run.stdout}\nbut it is {totals}")
    print(f"{len(raw)} rows, {len(clean)} clean, {len(totals)} categories")


if __name__ == "__main__":
    main()
