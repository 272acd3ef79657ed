#!/usr/bin/env python3
"""Runs GROUP BY of Sluice and of DuckDB in turns, over the same rows in memory.

  compare_duckdb.py SLUICE_BENCH [--keys 1000 1000000] [--repeat 5] [--json]

The query is that of `sluice-bench run sql_group_by`: SELECT k, SUM(v), COUNT(*) ... GROUP BY k,
whose groups are added up again. Rows come from the same generator, both sides have as many threads,
and in each round Sluice runs before DuckDB. Making the rows is not measured. `ratio` is Sluice's
median by DuckDB's.

Needs the packages duckdb and numpy of PyPI; ends with status 77 where they are missing.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time

MISSING = 77

QUERY = ("SELECT SUM(total), SUM(many) FROM "
         "(SELECT k, SUM(v) AS total, COUNT(*) AS many FROM numbers GROUP BY k)")

MULTIPLIER = 6364136223846793005
INCREMENT = 1442695040888963407
WORD = 1 << 64


def load_packages():
    try:
        import duckdb
        import numpy
    except ImportError as error:
        print(f"{error}. Install what is needed into an environment of its own:\n"
              "  python3 -m venv duckdb-venv && duckdb-venv/bin/pip install duckdb numpy\n"
              "and run this script with duckdb-venv/bin/python.", file=sys.stderr)
        sys.exit(MISSING)
    return duckdb, numpy


def generator_states(numpy, count):
    """The generator's states after 1 to `count` steps from 1."""
    states = numpy.empty(count, dtype=numpy.uint64)
    states[0] = (MULTIPLIER + INCREMENT) % WORD
    multiplier, increment, done = MULTIPLIER, INCREMENT, 1
    while done < count:  # (multiplier, increment) are those of `done` steps at once
        more = min(done, count - done)
        states[done:done + more] = (states[:more] * numpy.uint64(multiplier)
                                    + numpy.uint64(increment))
        increment = (multiplier * increment + increment) % WORD
        multiplier = multiplier * multiplier % WORD
        done += more
    return states


class Duck:
    """A table of DuckDB in memory with the rows of the suite."""

    def __init__(self, duckdb, numpy, records, keys, threads):
        states = generator_states(numpy, records)
        rows = {"k": ((states >> numpy.uint64(33)) % numpy.uint64(keys)).astype(numpy.int64),
                "v": (states >> numpy.uint64(54)).astype(numpy.int64)}
        self.expected = (int(rows["v"].sum()), records)
        self.connection = duckdb.connect()
        self.connection.execute(f"SET threads = {threads}")
        self.connection.execute("CREATE TABLE numbers (k BIGINT NOT NULL, v BIGINT NOT NULL)")
        self.connection.execute("INSERT INTO numbers SELECT k, v FROM rows")

    def seconds(self):
        begin = time.perf_counter()
        found = self.connection.execute(QUERY).fetchall()
        seconds = time.perf_counter() - begin
        if [tuple(map(int, row)) for row in found] != [self.expected]:
            sys.exit(f"DuckDB finds {found} instead of {self.expected}")
        return seconds


def sluice_rate(arguments, keys):
    command = [arguments.program, "run", "sql_group_by", "--json", "--repeat", "1",
               "--keys", str(keys), "--records", str(arguments.records),
               "--parallelism", str(arguments.parallelism)]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: status {result.returncode}")
    return json.loads(result.stdout)["sluice"]["median"]


def compare(duckdb, numpy, arguments, keys):
    duck = Duck(duckdb, numpy, arguments.records, keys, arguments.parallelism)
    duck.seconds()  # to warm up, as sluice-bench does
    rates = {"sluice": [], "duckdb": []}
    for _ in range(arguments.repeat):
        rates["sluice"].append(sluice_rate(arguments, keys))
        rates["duckdb"].append(arguments.records / duck.seconds())
    found = {"suite": "sql_group_by", "keys": keys, "parallelism": arguments.parallelism,
             "records": arguments.records}
    for side, values in rates.items():
        found[side] = {"median": round(statistics.median(values)), "best": round(max(values))}
    found["ratio"] = round(found["sluice"]["median"] / found["duckdb"]["median"], 4)
    return found


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="SLUICE_BENCH", help="path of sluice-bench")
    parser.add_argument("--keys", type=positive, nargs="+", default=[1_000, 1_000_000],
                        help="numbers of keys, a comparison each (1000 and 1000000)")
    parser.add_argument("--records", type=positive, default=20_000_000, help="rows (20 M)")
    parser.add_argument("--parallelism", type=positive, default=2, help="threads of both (2)")
    parser.add_argument("--repeat", type=positive, default=5, help="rounds (5)")
    parser.add_argument("--json", action="store_true",
                        help="a line of JSON for each comparison, in rows a second")
    arguments = parser.parse_args()
    duckdb, numpy = load_packages()
    for keys in arguments.keys:
        found = compare(duckdb, numpy, arguments, keys)
        if arguments.json:
            print(json.dumps(found), flush=True)
            continue
        print(f"sql_group_by: {keys} keys, {arguments.records} rows, {arguments.parallelism} "
              f"threads: {found['sluice']['median'] / 1e6:.1f} M rows/s (median), "
              f"{found['sluice']['best'] / 1e6:.1f} (best); DuckDB {duckdb.__version__} "
              f"{found['duckdb']['median'] / 1e6:.1f}, {found['duckdb']['best'] / 1e6:.1f}; "
              f"ratio {found['ratio']:.2f}", flush=True)


if __name__ == "__main__":
    main()
