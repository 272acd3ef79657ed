#!/usr/bin/env python3
"""Runs a program and compares what it prints with a file.

  compare_output.py [--sorted] [--twice] EXPECTED -- PROGRAM [ARGUMENT...]

The program runs in an empty temporary folder. With --sorted the lines may come in any order. With
--twice it runs again in the same folder, and what counts is what it prints then.
"""
import difflib
import pathlib
import subprocess
import sys
import tempfile


def main():
    split = sys.argv.index("--")
    options, command = sys.argv[1:split], sys.argv[split + 1:]
    in_any_order = "--sorted" in options
    expected_file = pathlib.Path(options[-1])

    with tempfile.TemporaryDirectory(prefix="sluice-example-") as folder:
        run = subprocess.run(command, stdout=subprocess.PIPE, cwd=folder)
        if run.returncode == 0 and "--twice" in options:
            run = subprocess.run(command, stdout=subprocess.PIPE, cwd=folder)
    if run.returncode == 77:
        sys.exit(77)  # it says that it must be skipped
    if run.returncode != 0:
        sys.exit(f"{command[0]} ended with status {run.returncode}")

    expected = expected_file.read_text(encoding="utf-8").splitlines()
    printed = run.stdout.decode("utf-8", errors="backslashreplace").splitlines()
    if in_any_order:
        expected.sort()
        printed.sort()
    if printed != expected:
        print("\n".join(difflib.unified_diff(expected, printed, "expected", "printed", lineterm="")))
        sys.exit(1)


if __name__ == "__main__":
    main()
