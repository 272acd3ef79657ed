#!/usr/bin/env python3
"""Programs with options: wrong ones are status 2, --help is none, nothing aborts without a stderr.

  check_wrong_options.py PROGRAM...
"""
import subprocess
import sys
import tempfile


def run(*command, **streams):
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, cwd=folder, timeout=60, check=False, text=True, **streams)


def main():
    for program in sys.argv[1:]:
        wrong = run(program, "--nonsense", stderr=subprocess.PIPE)
        assert wrong.returncode == 2, f"{program}: status {wrong.returncode}"
        assert wrong.stderr, f"{program} says nothing"
        help_text = run(program, "--help", stdout=subprocess.PIPE)
        assert help_text.returncode == 0, f"{program} --help: status {help_text.returncode}"
        assert "usage" in help_text.stdout.lower(), f"{program} --help: {help_text.stdout}"
    failing = {"word_count": ["nowhere"], "sales_demo": ["clean"],
               "user_behaviors": ["--input", "nowhere"]}
    with open("/dev/full", "w", encoding="utf-8") as full:
        for program in sys.argv[1:]:
            status = run(program, *failing[program.rsplit("/", 1)[-1]], stderr=full).returncode
            assert status == 1, f"{program} with a full stderr: status {status}"


if __name__ == "__main__":
    main()
