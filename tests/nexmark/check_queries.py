#!/usr/bin/env python3
"""Runs the queries of Nexmark and compares their results with those of SQLite.

  check_queries.py SLUICE_BENCH [QUERY...] [--events N] [--rate N]

Sluice writes its events to CSV files, which SQLite reads; every query runs in streaming mode (whose
changes are added up) and in batch mode, with one subtask and with two. What SQLite is asked is
written here for itself.
"""
import argparse
import collections
import csv
import datetime
import decimal
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile

MILLISECOND = datetime.timedelta(milliseconds=1)
HERE = pathlib.Path(__file__).resolve().parent

TABLES = {
    "person": "id INTEGER, name, email, card, city, state, time INTEGER, extra",
    "auction": "id INTEGER, item, description, initial INTEGER, reserve INTEGER, time INTEGER, "
               "expires INTEGER, seller INTEGER, category INTEGER, extra",
    "bid": "auction INTEGER, bidder INTEGER, price INTEGER, channel, url, time INTEGER, extra",
}
TIMES = {"person": [6], "auction": [5, 6], "bid": [5]}

# Times are milliseconds since 1970; day(t), minute(t) make texts of them.
RANKS = ("COUNT({0}), "
         "COUNT({0} CASE WHEN price < 10000 THEN {1} END), "
         "COUNT({0} CASE WHEN price BETWEEN 10000 AND 999999 THEN {1} END), "
         "COUNT({0} CASE WHEN price > 999999 THEN {1} END)")


def ranks(column):
    """COUNT of all and of three ranges of prices; of the different values of a column."""
    if column is None:
        return RANKS.replace("COUNT({0})", "COUNT(*)").format("", 1)
    return RANKS.replace("COUNT({0})", "COUNT({0} {1})").format("DISTINCT", column)


ALL_RANKS = ", ".join(map(ranks, (None, "bidder", "auction")))
WON = """SELECT a.*, b.auction, b.bidder, b.price, b.time AS bid_time, b.extra AS bid_extra
         FROM bid b, auction a
         WHERE a.id = b.auction AND b.time >= a.time AND b.time <= a.expires"""

# By query: the columns' kinds (i number, t time, d decimal, s text) and what SQLite is asked.
QUERIES = {
    "q0": ("iiits", "SELECT auction, bidder, price, time, extra FROM bid"),
    "q1": ("iidts", "SELECT auction, bidder, price * 908, time, extra FROM bid"),
    "q2": ("ii", "SELECT auction, price FROM bid WHERE auction - auction / 123 * 123 = 0"),
    "q3": ("sssi", """SELECT name, city, state, a.id FROM person p, auction a
                      WHERE a.seller = p.id AND a.category = 10
                        AND (state = 'OR' OR state = 'ID' OR state = 'CA')"""),
    "q4": ("ii", f"""SELECT category, SUM(most) / COUNT(*)
                     FROM (SELECT id, category, MAX(price) AS most FROM ({WON}) GROUP BY id)
                     GROUP BY category"""),
    "q5": ("ii", """WITH RECURSIVE shift(n) AS (SELECT 0 UNION SELECT n + 1 FROM shift WHERE n < 4),
                    counts AS (SELECT time / 2000 - n AS w, auction, COUNT(*) AS num
                               FROM bid, shift GROUP BY 1, 2),
                    most AS (SELECT w, MAX(num) AS num FROM counts GROUP BY w)
                    SELECT auction, num FROM counts c
                    WHERE NOT EXISTS (SELECT 1 FROM most m WHERE m.w = c.w AND m.num > c.num)"""),
    "q7": ("iiits", """SELECT auction, price, bidder, time, extra FROM
                         (SELECT *, RANK() OVER (PARTITION BY time / 10000 ORDER BY price DESC) AS r
                          FROM bid) WHERE r = 1"""),
    "q8": ("ist", """SELECT DISTINCT p.id, p.name, p.time / 10000 * 10000 FROM person p
                     WHERE EXISTS (SELECT 1 FROM auction a WHERE a.seller = p.id
                                   AND a.time / 10000 = p.time / 10000)"""),
    "q9": ("issiittiisiiits", f"""SELECT id, item, description, initial, reserve, time, expires,
                                    seller, category, extra, auction, bidder, price, bid_time,
                                    bid_extra
                                  FROM (SELECT *, RANK() OVER (PARTITION BY id
                                          ORDER BY price DESC, bid_time) AS r FROM ({WON}))
                                  WHERE r = 1"""),
    "q10": ("iiitsss", "SELECT auction, bidder, price, time, extra, day(time), minute(time) "
                       "FROM bid"),
    "q14": ("iidstsi", """SELECT auction, bidder, price * 908, part(hour(time)), time, extra,
                                 LENGTH(extra) - LENGTH(REPLACE(extra, 'c', ''))
                          FROM bid WHERE price * 908 > 1000000000 AND price * 908 < 50000000000"""),
    "q15": ("s" + 12 * "i", f"SELECT day(time), {ALL_RANKS} FROM bid GROUP BY 1"),
    "q16": ("sss" + 12 * "i", f"""SELECT channel, day(time), MAX(minute(time)), {ALL_RANKS}
                                  FROM bid GROUP BY 1, 2"""),
    "q17": ("isiiiiiiii", f"""SELECT auction, day(time), {ranks(None)}, MIN(price), MAX(price),
                                     SUM(price) / COUNT(*), SUM(price)
                              FROM bid GROUP BY 1, 2"""),
    "q18": ("iiissts", """SELECT auction, bidder, price, channel, url, time, extra FROM
                            (SELECT *, RANK() OVER (PARTITION BY auction, bidder
                                                    ORDER BY time DESC) AS r FROM bid)
                          WHERE r = 1"""),
    "q19": ("iiisstsi", """SELECT auction, bidder, price, channel, url, time, extra, r FROM
                             (SELECT *, RANK() OVER (PARTITION BY auction
                                                     ORDER BY price DESC) AS r FROM bid)
                           WHERE r < 11"""),
    "q20": ("iiisstsssiittiis", """SELECT auction, bidder, price, channel, url, b.time, b.extra,
                                          item, description, initial, reserve, a.time, expires,
                                          seller, category, a.extra
                                   FROM auction a CROSS JOIN bid b
                                   WHERE category = 10 AND auction = id"""),
    "q21": ("iiiss", """SELECT * FROM (SELECT auction, bidder, price, channel,
                                              channel_id(channel, url) AS id FROM bid)
                        WHERE id IS NOT NULL"""),
    "q22": ("iiissss", """SELECT auction, bidder, price, channel, directory(url, 1),
                                 directory(url, 2), directory(url, 3) FROM bid"""),
}


def millis(text):
    """As SQL writes times and as Java does, which drops seconds that are 0."""
    time = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
    return (time - datetime.datetime.fromtimestamp(0, datetime.timezone.utc)) // MILLISECOND


def utc(time):
    return datetime.datetime.fromtimestamp(time // 1000, datetime.timezone.utc)


def part(hour):
    if 8 <= hour <= 18:
        return "dayTime"
    return "nightTime" if hour <= 6 or hour >= 20 else "otherTime"


def channel_id(channel, url):
    known = {"apple": "0", "google": "1", "facebook": "2", "baidu": "3"}
    if channel.lower() in known:
        return known[channel.lower()]
    found = re.search(r"[?&]channel_id=(\d+)", url)
    return found and found[1]


def directory(url, number):
    """The parts between the slashes behind the host."""
    return url.split("//")[1].split("/")[number]


def rows_of(folder):
    for path in sorted(folder.rglob("part-*")):
        with open(path, encoding="utf-8", newline="") as lines:
            yield from csv.reader(lines)


def load(folder):
    base = sqlite3.connect(":memory:")
    base.create_function("day", 1, lambda t: utc(t).strftime("%Y-%m-%d"), deterministic=True)
    base.create_function("minute", 1, lambda t: utc(t).strftime("%H:%M"), deterministic=True)
    base.create_function("hour", 1, lambda t: utc(t).hour, deterministic=True)
    base.create_function("part", 1, part, deterministic=True)
    base.create_function("channel_id", 2, channel_id, deterministic=True)
    base.create_function("directory", 2, directory, deterministic=True)
    for table, columns in TABLES.items():
        base.execute(f"CREATE TABLE {table} ({columns})")
        places = ", ".join("?" * len(columns.split(",")))
        rows = []
        for row in rows_of(folder / table):
            for i in TIMES[table]:
                row[i] = millis(row[i])
            rows.append(row)
        base.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
    base.execute("CREATE INDEX bids ON bid (auction)")
    base.execute("CREATE INDEX sellers ON auction (seller)")
    return base


def thousandths(text):
    return int(decimal.Decimal(text) * 1000)


READERS = {"i": int, "t": millis, "d": thousandths, "s": str}


def typed(kinds, texts):
    if len(texts) != len(kinds):
        raise AssertionError(f"{len(kinds)} columns expected: {texts}")
    return tuple(READERS[k](t) for k, t in zip(kinds, texts))


class Checker:
    def __init__(self, program, events, rate, folder):
        self.program, self.events, self.rate, self.folder = program, events, rate, folder

    def run(self, *arguments):
        command = [self.program, "nexmark", *arguments, "--events", str(self.events), "--rate",
                   str(self.rate)]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                timeout=300, check=False)
        if result.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: {result.stderr}")
        return result.stdout

    def load(self):
        self.run("--script", str(HERE / "events.sql"), "--directory", str(self.folder / "events"))
        return load(self.folder / "events")

    def streamed(self, query, kinds, parallelism):
        """The changes that are printed, added up."""
        text = self.run(query, "--sink", "print", "--parallelism", str(parallelism))
        rows = collections.Counter()
        for line in text.splitlines():
            kind, row = re.fullmatch(r"(?:\d+> )?([-+][IUD])\[(.*)\]", line).groups()
            row = typed(kinds, row.split(", "))
            rows[row] += 1 if kind[0] == "+" else -1
            if rows[row] == 0:
                del rows[row]
        return rows

    def written(self, query, kinds, parallelism, mode):
        folder = self.folder / f"{mode}-{parallelism}"
        self.run(query, "--sink", "files", "--mode", mode, "--parallelism", str(parallelism),
                 "--directory", str(folder))
        if query == "q10":
            return self.partitions(folder / query, kinds)
        return collections.Counter(typed(kinds, row) for row in rows_of(folder / query))

    def partitions(self, folder, kinds):
        """The rows of a partitioned table: two columns are in the directories' names."""
        rows = collections.Counter()
        for hm in folder.glob("dt=*/hm=*"):
            if not (hm / "_SUCCESS").exists():
                raise AssertionError(f"{hm}: the partition was not committed")
            place = [hm.parent.name.partition("=")[2],
                     hm.name.partition("=")[2].replace("%3A", ":")]
            rows.update(typed(kinds, row + place) for row in rows_of(hm))
        return rows

    def results(self, query, kinds):
        for parallelism in (1, 2):
            if query == "q10":
                yield f"streaming, {parallelism}", self.written(query, kinds, parallelism,
                                                                "streaming")
            else:
                yield f"streaming, {parallelism}", self.streamed(query, kinds, parallelism)
            yield f"batch, {parallelism}", self.written(query, kinds, parallelism, "batch")


def same(query, found, expected):
    """Where rows are equal in what they are ordered by, any of them may have been taken."""
    if query == "q9":    # id, price, time decide
        return by(found, lambda r: (r[0], r[12], r[13])) == one_each(expected, lambda r: r[0],
            lambda r: (r[0], r[12], r[13])) and set(found) <= set(expected)
    if query == "q18":   # auction, bidder, time decide
        return by(found, lambda r: (r[0], r[1], r[5])) == one_each(expected, lambda r: (r[0], r[1]),
            lambda r: (r[0], r[1], r[5])) and set(found) <= set(expected)
    if query == "q19":   # auction, price decide; places are those of equal rows in any order
        kept = collections.Counter()
        places = collections.defaultdict(list)
        for row, n in expected.items():
            places[row[0]] += n * [(row[2], row[7])]
        for auction, ranked in places.items():
            prices = [price for price, _ in sorted(ranked, key=lambda p: -p[0])]
            kept.update((auction, price, place)
                        for place, price in enumerate(prices[:10], start=1))
        return (by(found, lambda r: (r[0], r[2], r[7])) == kept
                and {r[:7] for r in found} <= {r[:7] for r in expected})
    return found == expected


def by(rows, key):
    result = collections.Counter()
    for row, n in rows.items():
        result[key(row)] += n
    return result


def one_each(rows, group, key):
    chosen = {group(row): key(row) for row in rows}
    return collections.Counter(chosen.values())


def difference(found, expected):
    extra = list((found - expected).items())[:3]
    missing = list((expected - found).items())[:3]
    return (f"{sum(found.values())} rows instead of {sum(expected.values())}; "
            f"too many: {extra}; missing: {missing}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("queries", nargs="*", default=list(QUERIES))
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--rate", type=int, default=250)
    arguments = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(arguments.program, arguments.events, arguments.rate,
                          pathlib.Path(folder))
        base = checker.load()
        for query in arguments.queries or list(QUERIES):
            kinds, sql = QUERIES[query]
            expected = collections.Counter(base.execute(sql).fetchall())
            if not expected:
                print(f"{query}: SQLite found nothing: more events are needed")
                failures += 1
                continue
            for name, found in checker.results(query, kinds):
                if same(query, found, expected):
                    continue
                failures += 1
                print(f"{query} ({name}): {difference(found, expected)}")
            print(f"{query}: {sum(expected.values())} rows", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
