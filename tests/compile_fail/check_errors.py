#!/usr/bin/env python3
"""Compiles a file full of mistakes and checks that each is one error that says what is wrong.

    check_errors.py FILE COMPILER ARGUMENT...

In FILE, `// error: TEXT` stands right above each mistake. The compiler must report exactly these
errors in this order: each line with `error:` contains TEXT, and what belongs to it names the line
of the mistake.
"""
import pathlib
import re
import subprocess
import sys

MARKER = re.compile(r"//\s*error:\s*(.+?)\s*$")
ERROR = re.compile(r"\b(?:fatal )?error: (.*)")


def expected_errors(text):
    """[(line of the mistake, text of the error)]"""
    return [
        (number + 1, match.group(1))
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := MARKER.search(line))
    ]


def reported_errors(output):
    """[(text of the error, all that was said between the errors before and after it)]"""
    lines = output.splitlines()
    at = [i for i, line in enumerate(lines) if ERROR.search(line)]
    result = []
    for n, i in enumerate(at):
        begin = at[n - 1] + 1 if n > 0 else 0
        end = at[n + 1] if n + 1 < len(at) else len(lines)
        result.append((ERROR.search(lines[i]).group(1), "\n".join(lines[begin:end])))
    return result


def differences(name, expected, reported):
    problems = []
    for (line, text), (message, context) in zip(expected, reported):
        if text not in message:
            problems.append(f"{name}:{line}: expected an error with\n  {text}\nbut got\n  {message}")
        elif not re.search(rf"{re.escape(name)}:{line}\b", context):
            problems.append(f"{name}:{line}: the error does not name this line:\n{context}")
    for line, text in expected[len(reported):]:
        problems.append(f"{name}:{line}: no error, expected one with\n  {text}")
    for message, context in reported[len(expected):]:
        problems.append(f"{name}: an error too many:\n  {message}\n{context}")
    return problems


def main(file, *command):
    file = pathlib.Path(file)
    expected = expected_errors(file.read_text(encoding="utf-8"))
    if not expected:
        sys.exit(f"{file}: there is no '// error:' in it")
    run = subprocess.run(
        [*command, "-fsyntax-only", "-fdiagnostics-color=never", str(file)],
        capture_output=True, encoding="utf-8", errors="replace", check=False)
    if run.returncode == 0:
        sys.exit(f"{file}: compiles, but should not")
    problems = differences(file.name, expected, reported_errors(run.stderr))
    if problems:
        sys.exit("\n\n".join(problems))
    print(f"{file.name}: {len(expected)} mistakes, one error each")


if __name__ == "__main__":
    main(*sys.argv[1:])
