#!/usr/bin/env python3
"""Random queries as SQL cases, whose expected rows sqlite3 computes.

Usage: random_queries.py --run SQL_CASES [--count N] [--seed N]
       random_queries.py --write FILE [--count N] [--seed N]

The cases are in the common dialect: what both engines must answer alike. Every other one has
changelogs as tables, with rows that come and go before the final ones are there. Where the engines
differ by design, the generator stays away, or adapts the text for sqlite3 (`translated`):
  - sqlite3 takes the parts of set operations from left to right, so there is only one at a time;
  - whole numbers stay small, so that neither wraps nor turns into a double;
  - division and remainder are by constants other than 0;
  - the average of whole numbers is a whole number here;
  - an aggregate of no rows has no row in streaming mode: such queries get a HAVING.
The same seed gives the same cases. The environment variables SLUICE_RANDOM_QUERIES and
SLUICE_RANDOM_SEED override count and seed, to run more.
"""
import argparse
import os
import random
import re
import sqlite3
import subprocess
import sys
import tempfile

# Columns by kind: k small keys, v numbers with NULLs, s short texts.
TABLES = {
    "r": [("a", "int"), ("b", "int"), ("s", "text")],
    "t": [("a", "int"), ("c", "int"), ("s", "text")],
    "u": [("b", "int"), ("d", "int"), ("x", "text")],
}
EPOCH = "2020-01-01 00:00:00"
TEXTS = ["", "a", "b", "ab", "B", "c d", "zz"]


class Generator:
    def __init__(self, rng):
        self.rng = rng
        self.aliases = 0
        self.translations = []  # what sqlite3 gets instead of a part of the query

    def rows(self, table):
        rng = self.rng
        count = rng.choice([0, 3, 8, 8, 15, 15, 15, 30])
        result = []
        for _ in range(count):
            row = []
            for _, kind in TABLES[table]:
                row.append(self.value(kind))
            result.append(tuple(row))
        return result

    def value(self, kind):
        rng = self.rng
        if rng.random() < 0.2:
            return None
        return rng.randint(-2, 4) if kind == "int" else rng.choice(TEXTS)

    def changelog(self, table, rows):
        """Changes that add up to the rows: others come before, and go."""
        rng = self.rng
        lines = []
        pending = []  # (row that is there, row it becomes or None)
        for row in rows:
            if rng.random() < 0.4:
                other = tuple(self.value(kind) for _, kind in TABLES[table])
                lines.append(("+I", other))
                pending.append((other, row))
            else:
                lines.append(("+I", row))
            if rng.random() < 0.3:
                ghost = tuple(self.value(kind) for _, kind in TABLES[table])
                lines.append(("+I", ghost))
                pending.append((ghost, None))
            if pending and rng.random() < 0.5:
                self.settle(lines, pending)
        while pending:
            self.settle(lines, pending)
        return lines

    def settle(self, lines, pending):
        before, after = pending.pop(self.rng.randrange(len(pending)))
        if after is None:
            lines.append(("-D", before))
        else:
            lines.append(("-U", before))
            lines.append(("+U", after))

    def alias(self):
        self.aliases += 1
        return f"q{self.aliases}"

    # -- expressions. A scope is a list of (text, kind).

    def column(self, scope, kind):
        fitting = [text for text, k in scope if k == kind]
        return self.rng.choice(fitting) if fitting else self.literal(kind)

    def literal(self, kind):
        if kind == "int":
            return str(self.rng.randint(-3, 6))
        return "'" + self.rng.choice(TEXTS) + "'"

    def number(self, scope, depth=2):
        rng = self.rng
        if depth == 0 or rng.random() < 0.5:
            return self.column(scope, "int") if rng.random() < 0.8 else self.literal("int")
        sub = lambda: self.number(scope, depth - 1)
        return rng.choice([
            lambda: f"({sub()} + {sub()})",
            lambda: f"({sub()} - {sub()})",
            lambda: f"({sub()} * {rng.randint(-2, 3)})",
            lambda: f"({sub()} / {rng.choice([2, 3, -2])})",
            lambda: f"({sub()} % {rng.choice([2, 3, 5])})",
            lambda: f"(- {sub()})",
            lambda: f"ABS({sub()})",
            lambda: f"COALESCE({sub()}, {sub()})",
            lambda: f"NULLIF({sub()}, {sub()})",
            lambda: f"CASE WHEN {self.condition(scope, depth - 1)} THEN {sub()} ELSE {sub()} END",
            lambda: f"CASE WHEN {self.condition(scope, depth - 1)} THEN {sub()} END",
            lambda: f"CASE {sub()} WHEN {rng.randint(-1, 3)} THEN {sub()} WHEN {sub()} THEN 7 ELSE {sub()} END",
            lambda: f"CHAR_LENGTH({self.text(scope, depth - 1)})",
            lambda: f"CAST({sub()} AS INT)",
        ])()

    def text(self, scope, depth=1):
        rng = self.rng
        if depth == 0 or rng.random() < 0.6:
            return self.column(scope, "text") if rng.random() < 0.85 else self.literal("text")
        sub = lambda: self.text(scope, depth - 1)
        return rng.choice([
            lambda: f"UPPER({sub()})",
            lambda: f"LOWER({sub()})",
            lambda: f"({sub()} || {sub()})",
            lambda: f"COALESCE({sub()}, {sub()})",
            lambda: f"SUBSTR({sub()}, {rng.randint(1, 3)}, {rng.randint(0, 2)})",
            lambda: f"TRIM({sub()})",
            lambda: f"REPLACE({sub()}, 'a', 'xy')",
            lambda: f"CASE WHEN {self.condition(scope, 0)} THEN {sub()} ELSE {sub()} END",
        ])()

    def condition(self, scope, depth=2):
        rng = self.rng
        if depth > 0 and rng.random() < 0.45:
            sub = lambda: self.condition(scope, depth - 1)
            return rng.choice([
                lambda: f"({sub()} AND {sub()})",
                lambda: f"({sub()} OR {sub()})",
                lambda: f"(NOT {sub()})",
                lambda: f"(({sub()}) IS TRUE)",
                lambda: f"(({sub()}) IS NOT FALSE)",
            ])()
        number = lambda: self.number(scope, min(depth, 1))
        text = lambda: self.text(scope, min(depth, 1))
        compare = rng.choice(["=", "<>", "<", "<=", ">", ">="])
        return rng.choice([
            lambda: f"({number()} {compare} {number()})",
            lambda: f"({number()} {compare} {number()})",
            lambda: f"({text()} {compare} {text()})",
            lambda: f"({number()} IS NULL)",
            lambda: f"({text()} IS NOT NULL)",
            lambda: f"({number()} IS DISTINCT FROM {number()})",
            lambda: f"({text()} IS NOT DISTINCT FROM {text()})",
            lambda: f"({number()} {rng.choice(['', 'NOT '])}BETWEEN {number()} AND {number()})",
            lambda: f"({number()} {rng.choice(['', 'NOT '])}IN ({number()}, {number()}, 2))",
            lambda: f"({text()} {rng.choice(['', 'NOT '])}IN ('a', {text()}))",
            lambda: f"({text()} {rng.choice(['', 'NOT '])}LIKE '{rng.choice(['%', 'a%', '_', '%b', '%a_'])}')",
        ])()

    # -- relations: (text, columns as (name, kind))

    def source(self, depth):
        rng = self.rng
        if depth > 0 and rng.random() < 0.3:
            text, columns = self.query(depth - 1)
            return f"({text})", columns
        if rng.random() < 0.1:
            return self.windows()
        table = rng.choice(list(TABLES))
        return table, TABLES[table]

    def windows(self):
        """Aggregates of windows over table w, which start at second x1."""
        rng = self.rng
        slide = rng.choice([5, 10, 30])
        panes = rng.choice([1, 1, 2, 3])
        interval = lambda n: f"INTERVAL '{n}' SECOND"
        call = "TABLE w, DESCRIPTOR(ts), "
        if panes == 1:
            call = f"TUMBLE({call}{interval(slide)})"
        else:
            call = f"HOP({call}{interval(slide)}, {interval(slide * panes)})"
        scope = [("v", "int"), ("k", "text")]
        aggregates = [self.aggregate(scope)[0] for _ in range(2)]
        names = ["x2", "x3"]
        key = rng.random() < 0.5
        shown = "".join(f", {a} AS {n}" for a, n in zip(aggregates, names)) + (", k AS x4" if key else "")
        where = f" WHERE {self.condition(scope, 1)}" if rng.random() < 0.3 else ""
        keys = ", k" if key else ""
        ours = (f"(SELECT TIMESTAMPDIFF(SECOND, TIMESTAMP '{EPOCH}', window_start) AS x1{shown} "
                f"FROM TABLE({call}){where} GROUP BY window_start, window_end{keys})")
        starts = " UNION ALL ".join(f"SELECT {i * slide} AS back" for i in range(panes))
        theirs = (f"(SELECT ts / {slide} * {slide} - back AS x1{shown} "
                  f"FROM w CROSS JOIN ({starts}){where} GROUP BY ts / {slide} * {slide} - back{keys})")
        self.translations.append((ours, translated(theirs)))
        return ours, [("x1", "int"), ("x2", "int"), ("x3", "int")] + ([("x4", "text")] if key else [])

    def from_clause(self, depth):
        """The clause and the scope that it makes."""
        rng = self.rng
        text, columns = self.source(depth)
        alias = self.alias()
        clause = f"{text} AS {alias}"
        scope = [(f"{alias}.{name}", kind) for name, kind in columns]
        for _ in range(rng.choice([0, 0, 1, 1, 2]) if depth > 0 else rng.choice([0, 1])):
            text, columns = self.source(depth - 1)
            alias = self.alias()
            right = [(f"{alias}.{name}", kind) for name, kind in columns]
            kind = rng.choice(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
            both = [k for k in ("int", "text")
                    if any(x == k for _, x in scope) and any(x == k for _, x in right)]
            if not both:
                clause += f" CROSS JOIN {text} AS {alias}"
                scope += right
                continue
            key = rng.choice(both)
            on = f"{self.column(scope, key)} = {self.column(right, key)}"
            if rng.random() < 0.2 and key == "int":
                on = f"{self.number(scope, 1)} = {self.number(right, 1)}"
            if rng.random() < 0.3:
                on += f" AND {self.condition(scope + right, 1)}"
            clause += f" {kind} {text} AS {alias} ON {on}"
            scope += right
        return clause, scope

    def subquery_condition(self, scope):
        rng = self.rng
        table = rng.choice(list(TABLES))
        alias = self.alias()
        inner = [(f"{alias}.{name}", kind) for name, kind in TABLES[table]]
        where = f" WHERE {self.condition(inner, 1)}" if rng.random() < 0.5 else ""
        negated = rng.choice(["", "", "NOT "])
        kind = rng.choice(["int", "text"])
        if not any(k == kind for _, k in scope):
            kind = scope[0][1]
        column = self.column(inner, kind)
        if rng.random() < 0.5:
            return (f"{self.column(scope, kind)} {negated}IN "
                    f"(SELECT {column} FROM {table} AS {alias}{where})")
        tie = f"{column} = {self.column(scope, kind)}"
        where = f"{where} AND {tie}" if where else f" WHERE {tie}"
        return f"{negated}EXISTS (SELECT 1 FROM {table} AS {alias}{where})"

    def mixed_condition(self, scope):
        """A subquery among other conditions, where its NULLs show."""
        rng = self.rng
        subquery = f"({self.subquery_condition(scope)})"
        return rng.choice([
            lambda: subquery,
            lambda: f"(NOT {subquery})",
            lambda: f"({subquery} AND {self.condition(scope, 1)})",
            lambda: f"({subquery} IS {rng.choice(['', 'NOT '])}{rng.choice(['TRUE', 'FALSE', 'NULL'])})",
            lambda: f"(NOT ({subquery} OR {self.condition(scope, 1)}))",
        ])()

    def where_clause(self, scope):
        rng = self.rng
        parts = []
        if rng.random() < 0.35:
            parts.append(self.condition(scope))
        if rng.random() < 0.2:
            parts.append(self.subquery_condition(scope))
        if rng.random() < 0.1:
            parts.append(f"({self.condition(scope, 1)} OR {self.mixed_condition(scope)})")
        if rng.random() < 0.1:
            table = rng.choice(["r", "t"])
            parts.append(f"{self.column(scope, 'int')} {rng.choice(['<', '>=', '='])} "
                         f"(SELECT {rng.choice(['MIN', 'MAX', 'COUNT'])}(a) FROM {table} HAVING COUNT(*) > 0)")
        return " WHERE " + " AND ".join(parts) if parts else ""

    def aggregate(self, scope):
        rng = self.rng
        filtered = f" FILTER (WHERE {self.condition(scope, 1)})" if rng.random() < 0.2 else ""
        distinct = "DISTINCT " if rng.random() < 0.25 else ""
        call = rng.choice([
            lambda: "COUNT(*)",
            lambda: f"COUNT({distinct}{rng.choice([self.number, self.text])(scope, 1)})",
            lambda: f"SUM({distinct}{self.number(scope, 1)})",
            lambda: f"MIN({self.number(scope, 1)})",
            lambda: f"MAX({self.number(scope, 1)})",
            lambda: f"AVG({self.number(scope, 1)})",
        ])()
        return call + filtered, "int"

    def item(self, scope):
        kind = "int" if self.rng.random() < 0.6 else "text"
        return (self.number(scope) if kind == "int" else self.text(scope)), kind

    def plain_select(self, depth):
        clause, scope = self.from_clause(depth)
        items = [self.item(scope) for _ in range(self.rng.randint(1, 3))]
        if self.rng.random() < 0.1:
            condition = self.mixed_condition(scope)
            items.append((f"CASE WHEN {condition} THEN 1 WHEN NOT {condition} THEN 0 END", "int"))
        names = [f"x{i + 1}" for i in range(len(items))]
        distinct = "DISTINCT " if self.rng.random() < 0.2 else ""
        text = ", ".join(f"{e} AS {n}" for (e, _), n in zip(items, names))
        return (f"SELECT {distinct}{text} FROM {clause}{self.where_clause(scope)}",
                [(n, k) for (_, k), n in zip(items, names)])

    def grouped_select(self, depth):
        rng = self.rng
        clause, scope = self.from_clause(depth)
        keys = [self.item(scope) for _ in range(rng.choice([0, 1, 1, 2]))]
        # A literal as a key would be the place of a column to sqlite3.
        keys = [(e, k) for e, k in keys if re.search(r"q\d", e)]
        items = keys + [self.aggregate(scope) for _ in range(rng.randint(1, 3))]
        having = ""
        if not keys:
            having = " HAVING COUNT(*) > 0"
        elif rng.random() < 0.3:
            having = f" HAVING {self.aggregate(scope)[0]} {rng.choice(['>', '<=', '<>'])} {rng.randint(0, 3)}"
        group = " GROUP BY " + ", ".join(e for e, _ in keys) if keys else ""
        names = [f"x{i + 1}" for i in range(len(items))]
        text = ", ".join(f"{e} AS {n}" for (e, _), n in zip(items, names))
        return (f"SELECT {text} FROM {clause}{self.where_clause(scope)}{group}{having}",
                [(n, k) for (_, k), n in zip(items, names)])

    def set_operation(self, depth):
        left, columns = self.query(depth - 1, plain=True)
        alias = self.alias()
        clause, scope = self.from_clause(0)
        items = [self.number(scope) if k == "int" else self.text(scope) for _, k in columns]
        right = ", ".join(f"{e} AS {n}" for e, (n, _) in zip(items, columns))
        right = f"SELECT {right} FROM {clause}{self.where_clause(scope)}"
        names = ", ".join(n for n, _ in columns)
        operation = self.rng.choice(["UNION", "UNION ALL", "INTERSECT", "EXCEPT"])
        return f"SELECT {names} FROM ({left}) AS {alias} {operation} {right}", columns

    def top_n(self, depth):
        """The first rows, in an order of all columns, so that it does not matter which of equals."""
        text, columns = self.query(depth - 1, plain=True)
        order = []
        for name, _ in columns:
            # NULLs come first when ascending, last when descending, in both engines.
            order.append(name + self.rng.choice(["", " DESC"]))
        limit = f" LIMIT {self.rng.randint(0, 4)}"
        if self.rng.random() < 0.3:
            limit += f" OFFSET {self.rng.randint(0, 3)}"
        names = ", ".join(n for n, _ in columns)
        return f"SELECT {names} FROM ({text}) AS {self.alias()} ORDER BY {', '.join(order)}{limit}", columns

    def ranked(self, depth):
        text, columns = self.query(depth - 1, plain=True)
        names = ", ".join(n for n, _ in columns)
        partition = f"PARTITION BY {self.rng.choice(columns)[0]} " if self.rng.random() < 0.7 else ""
        order = ", ".join(n + self.rng.choice(["", " DESC"]) for n, _ in columns)
        inner = f"SELECT {names}, ROW_NUMBER() OVER ({partition}ORDER BY {order}) AS rn FROM ({text}) AS {self.alias()}"
        shown = names + (", rn" if self.rng.random() < 0.5 else "")
        columns = columns + [("rn", "int")] if shown != names else columns
        return f"SELECT {shown} FROM ({inner}) AS {self.alias()} WHERE rn <= {self.rng.randint(1, 3)}", columns

    def query(self, depth, plain=False):
        rng = self.rng
        choices = [self.plain_select] * 3 + [self.grouped_select] * 3
        if depth > 0 and not plain:
            choices += [self.set_operation, self.top_n, self.ranked]
        return rng.choice(choices)(depth)


def translated(query):
    """The query as sqlite3 wants it."""
    query = re.sub(r"\bCHAR_LENGTH\(", "LENGTH(", query)
    query = re.sub(r"\bAVG\(", "INT_AVG(", query)
    return query


class IntegerAverage:
    def __init__(self):
        self.sum, self.count = 0, 0

    def step(self, value):
        if value is not None:
            self.sum += value
            self.count += 1

    def finalize(self):
        if self.count == 0:
            return None
        return int(self.sum / self.count)


def time_text(seconds):
    return f"2020-01-01 00:{seconds // 60:02}:{seconds % 60:02}"


def shown(value):
    return "null" if value is None else str(value)


def inline(value):
    if value is None:
        return "null"
    return str(value) if isinstance(value, int) else f'"{value}"'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--run")
    parser.add_argument("--write")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    count = int(os.environ.get("SLUICE_RANDOM_QUERIES", args.count))
    seed = int(os.environ.get("SLUICE_RANDOM_SEED", args.seed))
    with tempfile.TemporaryDirectory() as directory:
        path = args.write or os.path.join(directory, "random.test")
        with open(path, "w", encoding="utf-8") as out:
            for number in range(seed, seed + count):
                write_case(out, number)
        if args.run:
            sys.exit(subprocess.call([args.run, "--color_output=no", "--", path]))


def write_case(out, seed):
    """One case; draws again until the query is short, and its result small."""
    changing = seed % 2 == 1
    for attempt in range(100):
        generator = Generator(random.Random(seed * 1000 + attempt))
        database = sqlite3.connect(":memory:")
        database.execute("PRAGMA case_sensitive_like = ON")
        database.create_aggregate("INT_AVG", 1, IntegerAverage)
        data = {table: generator.rows(table) for table in TABLES}
        for table, columns in TABLES.items():
            types = ", ".join(f"{n} {'INTEGER' if k == 'int' else 'TEXT'}" for n, k in columns)
            database.execute(f"CREATE TABLE {table} ({types})")
            marks = ", ".join("?" * len(columns))
            database.executemany(f"INSERT INTO {table} VALUES ({marks})", data[table])
        times = [(100 + generator.rng.randint(0, 120), generator.value("int"), generator.value("text"))
                 for _ in range(generator.rng.choice([0, 5, 25]))]
        database.execute("CREATE TABLE w (ts INTEGER, v INTEGER, k TEXT)")
        database.executemany("INSERT INTO w VALUES (?, ?, ?)", times)
        query, _ = generator.query(2)
        if len(query) > 2500:
            continue
        theirs = query
        for ours, translation in generator.translations:
            theirs = theirs.replace(ours, translation)
        result = database.execute(translated(theirs)).fetchall()
        # A line of the file cannot show an empty text alone. Most empty results say little.
        if len(result) > 400 or any(row == ("",) for row in result):
            continue
        if not result and attempt % 4 != 3:
            continue
        out.write(f"=== query {seed}{' [only streaming]' if changing else ''}\n")
        if generator.rng.random() < 0.3:
            out.write("SET 'table.exec.mini-batch.enabled' = 'true';\n"
                      "SET 'table.exec.mini-batch.allow-latency' = '1 s';\n"
                      f"SET 'table.exec.mini-batch.size' = '{generator.rng.randint(1, 6)}';\n")
        for table, columns in TABLES.items():
            types = ", ".join(f"{n} {'INT' if k == 'int' else 'STRING'}" for n, k in columns)
            texts = [", ".join(inline(v) for v in row) for row in data[table]]
            mode = ""
            if changing:
                mode = "'changelog-mode' = 'I,UB,UA,D', "
                texts = [f"{kind}[{', '.join(inline(v) for v in row)}]"
                         for kind, row in generator.changelog(table, data[table])]
            rows = "\n".join(texts)
            out.write(f"CREATE TABLE {table} ({types}) WITH ('connector' = 'inline', {mode}"
                      f"'rows' = '{rows}');\n")
        rows = "\n".join(f"{time_text(t)}, {inline(v)}, {inline(k)}" for t, v, k in times)
        out.write("CREATE TABLE w (ts TIMESTAMP(3), v INT, k STRING, WATERMARK FOR ts AS ts - INTERVAL '1' HOUR) "
                  f"WITH ('connector' = 'inline', 'rows' = '{rows}');\n")
        out.write(query + ";\n---- rows\n")
        for row in result:
            out.write(", ".join(shown(v) for v in row) + "\n")
        out.write("\n")
        return
    raise SystemExit(f"seed {seed}: no query was taken")


if __name__ == "__main__":
    main()
