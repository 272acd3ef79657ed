#!/usr/bin/env python3
"""Runs every benchmark in miniature: results must match the loops', the JSON must be as documented.

  smoke_test.py SLUICE_BENCH

Asserts nothing about time.
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "sluice-bench"

JOBS = ["pipeline", "pipeline_unchained", "keyed_sum_1k", "keyed_sum_1m", "tumbling_count",
        "word_count"]
SUITES = ["latency", "startup", "backpressure", "checkpoint", "sql_csv_format", "sql_json_format",
          "sql_group_by_operator", "sql_group_by", "sql_sales_summary", "sql_empty_query",
          "remote_copy", "remote_pipeline", "remote_keyed_sum_1k", "remote_latency",
          "remote_recovery"]
OPTIONAL = ["kafka_source"]
NEXMARK = [f"nexmark_q{i}" for i in (0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 14, 15, 16, 17, 18, 19, 20, 21, 22)]


def run(*arguments, expect=0):
    result = subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, timeout=100, check=False)
    if result.returncode != expect:
        raise AssertionError(f"{arguments}: status {result.returncode}\n{result.stderr}")
    return result


def run_json(*arguments):
    return [json.loads(line) for line in run("run", *arguments, "--json").stdout.splitlines()]


class Jobs(unittest.TestCase):
    def check(self, found, parallelism, records):
        self.assertEqual([r["job"] for r in found], JOBS)
        for r in found:
            self.assertEqual(list(r), ["job", "parallelism", "records", "sluice", "loop", "ratio"])
            self.assertEqual((r["parallelism"], r["records"]), (parallelism, records))
            for side in ("sluice", "loop"):
                self.assertEqual(list(r[side]), ["median", "best"])
                self.assertLessEqual(r[side]["median"], r[side]["best"])
            expected = r["sluice"]["median"] / r["loop"]["median"]
            self.assertAlmostEqual(r["ratio"], expected, delta=0.01 * expected + 1e-4)

    def test_results_match_the_loops(self):
        for parallelism in (1, 2, 3):
            found = run_json(*JOBS, "--parallelism", str(parallelism), "--records", "300000",
                             "--repeat", "2")
            self.check(found, parallelism, 300000)

    def test_records_are_rounded_up_to_whole_lines(self):
        found, = run_json("word_count", "--records", "1", "--repeat", "1")
        self.assertEqual(found["records"], 20)

    def test_table_has_a_row_per_job(self):
        text = run("run", *JOBS, "--records", "1000", "--repeat", "1").stdout
        self.assertEqual([line.split()[0] for line in text.splitlines()[2:]], JOBS)


class Suites(unittest.TestCase):
    def test_latency(self):
        found, = run_json("latency", "--seconds", "0.2")
        for kind in ("from_schedule_us", "from_emission_us", "sleeping_thread_us"):
            values = list(found[kind].values())
            self.assertEqual(values, sorted(values))

    def test_startup(self):
        found, = run_json("startup", "--repeat", "2")
        self.assertGreater(found["max_rss_mb"], 0)

    def test_backpressure(self):
        found = run_json("backpressure", "--seconds", "0.2")
        self.assertEqual([r["sink"] for r in found], ["asynchronous", "blocking"])

    def test_checkpoint(self):
        with tempfile.TemporaryDirectory() as folder:
            found = run_json("checkpoint", "--keys", "1000", "--seconds", "1.5", "--repeat", "1",
                             "--parallelism", "2", "--directory", folder)
        self.assertEqual(len(found), 1)
        self.assertGreater(found[0]["checkpoints"], 0)
        self.assertEqual(found[0]["failed"], 0)

    def test_no_checkpoint_in_the_time_is_no_number(self):
        few = ("checkpoint", "--keys", "1000", "--seconds", "0.05", "--repeat", "1",
               "--parallelism", "1")
        with tempfile.TemporaryDirectory() as folder:
            found, = run_json(*few, "--directory", folder)
            if found["checkpoints"] > 0:
                self.skipTest("one has completed in the time")
            self.assertIsNone(found["checkpoint_cpu_ms"])

    def check_ratio(self, found, yardstick):
        self.assertEqual(list(found["sluice"]), list(found[yardstick]))
        expected = found["sluice"]["median"] / found[yardstick]["median"]
        self.assertAlmostEqual(found["ratio"], expected, delta=0.01 * expected + 1e-4)

    def test_sql(self):
        few = ("--records", "20000", "--repeat", "1")
        found, = run_json("sql_sales_summary", *few)
        self.check_ratio(found, "scan")
        for found in run_json("sql_group_by", *few, "--keys", "100"):
            self.check_ratio(found, "loop")
        found, = run_json("sql_empty_query", "--repeat", "2")
        self.assertGreater(found["max_rss_mb"], 0)

    def test_remote_copy(self):
        found = run_json("remote_copy", "--records", "100000", "--repeat", "1")
        self.assertEqual([r["way"] for r in found],
                         ["tcp", "data_plane", "data_plane_lz4", "basp"])
        for r in found:
            expected = r["median_mb_per_s"] / found[0]["median_mb_per_s"]
            self.assertAlmostEqual(r["ratio"], expected, delta=0.01 * expected + 1e-3)

    def test_remote_jobs(self):
        found = run_json("remote_pipeline", "remote_keyed_sum_1k",
                         "--records", "100000", "--repeat", "1")
        self.assertEqual([r["job"] for r in found],
                         ["remote_pipeline", "remote_pipeline", "remote_keyed_sum_1k"])
        for r, yardstick in zip(found, ["tcp", "local", "local"]):
            expected = r["sluice"]["median"] / r[yardstick]["median"]
            self.assertAlmostEqual(r["ratio"], expected, delta=0.01 * expected + 1e-3)

    def test_remote_latency_and_recovery(self):
        latency, = run_json("remote_latency", "--seconds", "1")
        self.assertGreater(latency["from_schedule_us"]["p50"], 0)
        recovery, = run_json("remote_recovery", "--keys", "20000")
        self.assertGreaterEqual(recovery["state_bytes"], 20000 * 1000)
        self.assertGreater(recovery["seconds"], 0)

    def test_nexmark_by_a_pattern(self):
        found = run_json("nexmark_*", "--records", "5000", "--repeat", "1")
        self.assertEqual([r["suite"] for r in found], NEXMARK)
        for r in found:
            self.check_ratio(r, "generator")

    def test_kafka_source(self):
        if "kafka_source" not in run("list").stdout:
            self.skipTest("built without Kafka")
        found, = run_json("kafka_source", "--records", "20000", "--repeat", "1")
        expected = found["sluice"]["median"] / found["librdkafka_simdjson"]["median"]
        self.assertAlmostEqual(found["ratio"], expected, delta=0.01 * expected + 1e-4)


class CommandLine(unittest.TestCase):
    def test_list_names_everything(self):
        names = [line.split()[0] for line in run("list").stdout.splitlines()]
        optional = [name for name in names if name in OPTIONAL]
        self.assertEqual(names, JOBS + SUITES + optional + NEXMARK + ["all"])

    def test_unknown_names_are_refused_with_the_valid_ones(self):
        message = run("run", "pipeline", "nonsense", expect=2).stderr
        for name in ["nonsense", *JOBS, *SUITES]:
            self.assertIn(name, message)

    def test_wrong_arguments_are_refused(self):
        run(expect=2)
        run("run", expect=2)
        run("run", "pipeline", "--repeat", "0", expect=2)
        run("run", "pipeline", "--records", "-1", expect=2)

    def test_numbers_that_do_not_fit_are_refused(self):
        for option in ("--records", "--keys"):
            message = run("run", "pipeline", option, "99999999999999999999", expect=2).stderr
            self.assertIn("99999999999999999999 is too large", message)
            message = run("run", "pipeline", option, "0", expect=2).stderr
            self.assertIn("must be at least 1", message)
        message = run("run", "latency", "--seconds", "0", expect=2).stderr
        self.assertIn("must be more than 0", message)
        run("nexmark", "q0", "--events", "0", expect=2)

    def test_output_that_cannot_be_written_is_a_failure(self):
        for arguments in (["list"], ["--help"], ["run", "word_count", "--records", "1", "--json"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                result = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE,
                                        text=True, timeout=100, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn("cannot write to standard output", result.stderr)

    def test_errors_that_cannot_be_written_do_not_abort(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([PROGRAM, "run", "nonsense"], stderr=full, timeout=100,
                                    check=False)
        self.assertEqual(result.returncode, 2)

    def test_comparing_what_cannot_be_read_is_told_plainly(self):
        compare = pathlib.Path(__file__).with_name("compare.py")
        result = subprocess.run([sys.executable, compare, "nope", "nope"], stderr=subprocess.PIPE,
                                text=True, timeout=100, check=False)
        self.assertEqual(result.stderr, "cannot read nope: No such file or directory\n")
        self.assertEqual(result.returncode, 1)

    def test_single_queries_of_nexmark(self):
        shown = run("nexmark", "q2", "--events", "77", "--show").stdout
        self.assertIn("'events.num' = '77'", shown)
        self.assertIn("MOD(auction, 123)", shown)
        self.assertIn("there is no query", run("nexmark", "q6", expect=1).stderr)


if __name__ == "__main__":
    unittest.main()
