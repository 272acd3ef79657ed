#!/usr/bin/env python3
"""Compiles every header alone, twice included: it must be self-contained and guarded.

  check_headers.py --compiler g++ --build build/ci [--jobs 2] FLAGS.rsp=FOLDER...

Every *.hpp under each FOLDER (an include root) is checked with the flags in its response file.
A header that passed is not compiled again until it, a file it includes, or its flags change.
"""
import argparse
import concurrent.futures
import pathlib
import shlex
import subprocess
import sys


def read_dependencies(depfile):
    """The files named in a make rule that the compiler wrote."""
    text = depfile.read_text().replace("\\\n", " ")
    return [pathlib.Path(word) for word in shlex.split(text.partition(":")[2])]


def up_to_date(stamp, flags):
    try:
        checked = stamp.stat().st_mtime
        return all(path.stat().st_mtime < checked for path in [flags, *read_dependencies(stamp)])
    except (OSError, ValueError):
        return False


def check_header(compiler, flags, root, header, stamp):
    """What the compiler says against the header, or "" if nothing."""
    if up_to_date(stamp, flags):
        return ""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    name = header.relative_to(root).as_posix()
    # Compiled from standard input, so that `#pragma once` is not in a main file.
    source = f'#include "{name}"\n#include "{name}"\n'
    new_stamp = stamp.with_suffix(".new")
    command = [*shlex.split(compiler), f"@{flags}", f"-I{root}", "-fsyntax-only",
               "-MD", "-MF", str(new_stamp), "-MT", "header", "-x", "c++", "-"]
    run = subprocess.run(command, input=source, capture_output=True, text=True)
    if run.returncode != 0:
        return f"{name} does not compile alone:\n{run.stderr}"
    new_stamp.replace(stamp)
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("roots", nargs="+", metavar="FLAGS.rsp=FOLDER")
    arguments = parser.parse_args()

    work = []
    for entry in arguments.roots:
        flags, root = (pathlib.Path(part) for part in entry.split("=", 1))
        for header in sorted(root.rglob("*.hpp")):
            stamp = arguments.build / "header_stamps" / root.name / header.relative_to(root)
            work.append((arguments.compiler, flags, root, header, stamp.with_suffix(".d")))

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        problems = [text for text in pool.map(lambda job: check_header(*job), work) if text]
    if problems:
        sys.exit("\n".join(problems))
    print(f"headers: {len(work)} compile alone")


if __name__ == "__main__":
    main()
