#!/usr/bin/env python3
"""The demo's script with another directory: its SQL must read what was made there.

  check_sales_output.py SALES_DEMO.SH FOLDER_OF_PROGRAMS
"""
import pathlib
import subprocess
import sys
import tempfile

DIRECTORY = "where it's put"


def run(command, folder):
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, timeout=100,
                          check=True).stdout


def cells(table):
    """[category, total] of each row; the two programs align the columns differently."""
    return [[cell.strip() for cell in line.strip("|").split("|")]
            for line in table.splitlines() if line.startswith("| ")]


def main():
    script, programs = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        for options in (["--output", DIRECTORY], [f"--output={DIRECTORY}"]):  # the second time over it
            printed = run(["sh", script, programs, "--rows", "2000", *options], folder)
            expected = run([programs / "sales_demo", "summarise", *options], folder)
            if not cells(expected) or cells(printed) != cells(expected):
                sys.exit(f"{options}: the script printed\n{printed}\nand the demo itself\n{expected}")
        if (pathlib.Path(folder) / "sales_data").exists():
            sys.exit("there is a sales_data")


if __name__ == "__main__":
    main()
