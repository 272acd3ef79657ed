#!/usr/bin/env python3
"""Tests that tools/check_layers.py accepts a good tree and names each fault of a bad one."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"

GOOD = {
    "framework/sluice/core/batch.hpp": "#include <vector>",
    "framework/sluice/core/check.cpp": '#include "sluice/core/internal/printer.hpp"',
    "framework/sluice/core/internal/printer.hpp": '#include "sluice/core/batch.hpp"',
    "framework/sluice/ops/map.hpp": '#include "sluice/core/batch.hpp"',
    "framework/sluice/plan/graph.hpp": '#include "sluice/ops/operator.hpp"',
    "actors/sluice/runtime/task.cpp": '#include <caf/all.hpp>\n#include "sluice/plan/graph.hpp"',
    "connectors/sluice/connect/file/source.cpp": '#include "sluice/connect/format/csv.hpp"',
    "examples/map.cpp": '#include "sluice/sluice.hpp"\n#include "sluice/connect/file/source.hpp"',
    "tests/any.cpp": '#include "sluice/runtime/task.hpp"',
}


def run(files, rules=None):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        command = [sys.executable, TOOLS / "check_layers.py", "--root", root]
        if rules is not None:
            (root / "rules.txt").write_text(rules)
            command += ["--rules", root / "rules.txt"]
        return subprocess.run(command, capture_output=True, text=True)


class check_layers(unittest.TestCase):
    def assert_refused(self, file, text, reason, others=()):
        result = run(GOOD | dict(others) | {file: text})
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertRegex(result.stderr, reason)

    def test_good_tree_passes(self):
        result = run(GOOD)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_framework_may_not_include_caf(self):
        self.assert_refused("framework/sluice/core/a.hpp", "\n#include <caf/actor.hpp>",
                            r"core/a\.hpp:2: <caf/actor\.hpp> may be included only in")
        self.assert_refused("framework/sluice/core/a.hpp", '# include "caf/actor.hpp"', "only in")

    def test_plan_may_include_only_the_operator_contract(self):
        self.assert_refused("framework/sluice/plan/a.cpp", '#include "sluice/ops/map.hpp"',
                            "plan may not include sluice/ops/map.hpp")

    def test_lower_layer_may_not_include_a_higher_one(self):
        self.assert_refused("framework/sluice/core/a.hpp", '#include "sluice/api/stream.hpp"',
                            "core may not include")
        self.assert_refused("actors/sluice/runtime/a.cpp", '#include "sluice/api/stream.hpp"',
                            "runtime may not include")

    def test_connector_may_not_include_another_connector(self):
        self.assert_refused("connectors/sluice/connect/file/a.cpp",
                            '#include "sluice/connect/socket/sink.hpp"', "connect may not include")

    def test_internal_stays_in_its_layer_and_out_of_headers(self):
        self.assert_refused("tests/../framework/sluice/ops/a.cpp",
                            '#include "sluice/core/internal/printer.hpp"', "internal to its layer")
        self.assert_refused("framework/sluice/core/a.hpp",
                            '#include "sluice/core/internal/printer.hpp"', "outside internal/")

    def test_example_may_not_include_detail(self):
        self.assert_refused("examples/a.cpp", '#include "sluice/api/detail/x.hpp"',
                            "examples may not include")

    def test_include_must_name_its_layer(self):
        self.assert_refused("framework/sluice/core/a.cpp", '#include "batch.hpp"', "with its layer")

    def test_file_without_a_layer_is_refused(self):
        self.assert_refused("framework/stray.cpp", "", "no layer covers")

    def test_layers_that_include_each_other_are_refused(self):
        rules = "layer a framework/sluice/a : b\nlayer b framework/sluice/b : a\n"
        self.assertIn("include each other", run({}, rules).stderr)

    def test_a_rule_that_is_no_rule_is_refused(self):
        self.assertIn("rules.txt:1", run({}, "core may include everything\n").stderr)


if __name__ == "__main__":
    unittest.main()
