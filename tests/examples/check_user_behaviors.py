#!/usr/bin/env python3
"""Checks the final counts of the user behaviours example: this script counts the events by itself.

  check_user_behaviors.py USER_BEHAVIORS [ARGUMENT...]
"""
import json
import pathlib
import subprocess
import sys
import tempfile


def main():
    with tempfile.TemporaryDirectory(prefix="sluice-behaviors-") as folder:
        run = subprocess.run(sys.argv[1:], cwd=folder, stdout=subprocess.PIPE, text=True)
        if run.returncode != 0:
            sys.exit(f"the program ended with status {run.returncode}")
        text = pathlib.Path(folder, "user_behaviors.jsonl").read_text(encoding="utf-8")

    counts, latest = {}, {}
    events = list(map(json.loads, text.splitlines()))
    for event in events:
        key = (event["category"], event["behavior"])
        counts[key] = counts.get(key, 0) + 1
        latest[key] = max(latest.get(key, ""), event["ts"])
    expected = [f"{' '.join(key)} {counts[key]} {latest[key]}" for key in sorted(counts)]
    expected.append(f"{len(counts)} keys after {len(events)} updates")
    if run.stdout.splitlines() != expected:
        sys.exit("printed:\n" + run.stdout + "but it is:\n" + "\n".join(expected))
    if len(counts) != 20:
        sys.exit(f"{len(counts)} keys instead of 20")


if __name__ == "__main__":
    main()
