#!/usr/bin/env python3
"""Tests that check_snippets.py finds drift between documents and sources, and repairs it."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent / "check_snippets.py"
SOURCE = "int main() {\n  // [body\n  auto x = 1;\n  // [inner\n  use(x);\n  // inner]\n  // body]\n}\n"
GOOD = """# Title

<!-- snippet: examples/a.cpp#body -->
```cpp
auto x = 1;
use(x);
```
<!-- output: examples/a.expected -->
```
[2, 4]
```

```sh
make
```
"""


class check_snippets(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        (self.root / "examples").mkdir()
        (self.root / "examples/a.cpp").write_text(SOURCE)
        (self.root / "examples/a.expected").write_text("[2, 4]\n")
        self.readme = self.root / "README.md"

    def run_script(self, text, *options):
        self.readme.write_text(text)
        command = [sys.executable, SCRIPT, "--root", self.root, *options]
        return subprocess.run(command, capture_output=True, text=True)

    def test_blocks_that_agree_pass(self):
        result = self.run_script(GOOD)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_changed_block_is_found_and_fixed(self):
        for old, new in (("use(x);", "use(y);"), ("[2, 4]", "[2]")):
            changed = GOOD.replace(old, new)
            self.assertIn("README.md", self.run_script(changed).stderr)
            self.assertEqual(self.run_script(changed, "--fix").returncode, 0)
            self.assertEqual(self.readme.read_text(), GOOD)

    def test_a_missing_file_or_region_is_an_error_even_with_fix(self):
        for old, new in (("a.cpp", "b.cpp"), ("#body", "#bodies")):
            self.assertNotEqual(self.run_script(GOOD.replace(old, new), "--fix").returncode, 0)

    def test_code_that_nobody_compiles_is_refused(self):
        self.assertIn("README.md:1:", self.run_script("```cpp\nint x;\n```\n").stderr)
        self.assertEqual(
            self.run_script("<!-- snippet: none -->\n```cpp\nint x;\n```\n").returncode, 0)

    def test_a_comment_without_a_block_is_refused(self):
        text = "<!-- snippet: examples/a.cpp -->\nText.\n"
        self.assertIn("must follow", self.run_script(text).stderr)


if __name__ == "__main__":
    unittest.main()
