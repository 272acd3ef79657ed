#!/usr/bin/env python3
"""Compares what two versions of Sluice reach in the same benchmarks.

  compare.py BASE.json HEAD.json [--limit RATIO]

Each file holds what `sluice-bench run ... --json` printed; the lines of several runs may follow
each other, and what counts is their median. The loops of both files tell how much the machine
itself differed: `adjusted` is the speed-up of Sluice divided by that of the loop. With --limit
the program fails when a job is slower than that, adjusted (0.9: by more than 10 %).
"""
import argparse
import json
import statistics
import sys


def read(path):
    """Medians by (job, parallelism): {key: {"sluice": rate, "loop": rate}}."""
    runs = {}
    try:
        lines = open(path, encoding="utf-8", errors="replace")
    except OSError as error:
        sys.exit(f"cannot read {path}: {error.strerror}")
    with lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                sys.exit(f"{path}:{number}: not JSON: {error}")
            if not isinstance(record, dict):
                sys.exit(f"{path}:{number}: not a line of sluice-bench")
            if "job" in record:  # suites have figures of their own
                runs.setdefault((record["job"], record["parallelism"]), []).append(record)
    return {
        key: {side: statistics.median(r[side]["median"] for r in records)
              for side in ("sluice", "loop")}
        for key, records in runs.items()
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("head")
    parser.add_argument("--limit", type=float, help="least adjusted speed-up that is accepted")
    arguments = parser.parse_args()
    base, head = read(arguments.base), read(arguments.head)

    print(f"{'job (M records/s)':<20} {'p':>3} {'base':>9} {'head':>9} {'speed-up':>9} "
          f"{'loop':>6} {'adjusted':>9}")
    too_slow = []
    for key in base:
        if key not in head:
            continue
        speed_up = head[key]["sluice"] / base[key]["sluice"]
        machine = head[key]["loop"] / base[key]["loop"]
        adjusted = speed_up / machine
        print(f"{key[0]:<20} {key[1]:>3} {base[key]['sluice'] / 1e6:>9.1f} "
              f"{head[key]['sluice'] / 1e6:>9.1f} {speed_up:>9.3f} {machine:>6.2f} {adjusted:>9.3f}")
        if arguments.limit and adjusted < arguments.limit:
            too_slow.append(key[0])
    for key in sorted(base.keys() ^ head.keys()):
        side = "base" if key in base else "head"
        print(f"{key[0]:<20} {key[1]:>3} only in {side}")
    if not base.keys() & head.keys():
        sys.exit("the files have no job in common")
    if too_slow:
        sys.exit("slower than the limit: " + ", ".join(too_slow))


if __name__ == "__main__":
    main()
