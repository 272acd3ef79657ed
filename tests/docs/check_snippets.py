#!/usr/bin/env python3
"""Checks that code and output shown in the documentation are those of compiled, tested files.

  check_snippets.py [--fix] [--root TREE]

In a Markdown file, an HTML comment alone on the line above a fenced block says what it shows:

  <!-- snippet: examples/map.cpp#region -->   the lines between `// [region` and `// region]`
  <!-- snippet: examples/map.cpp -->          the whole file
  <!-- output: examples/map.expected -->      the whole file

--fix rewrites the blocks. A `cpp` block without such a comment is an error: it would not be compiled.
A block that only shows a shape is marked with <!-- snippet: none -->.
"""
import argparse
import pathlib
import re
import sys
import textwrap

MARK = re.compile(r"^<!-- (?:snippet|output): (?P<file>[^#\s]+)(?:#(?P<region>\S+))? -->$")
SKIPPED = {"build", ".git", "node_modules"}


class SnippetError(Exception):
    """What a comment asks for does not exist."""


def region_of(text, region, file):
    lines = text.splitlines()
    marks = [line.strip() for line in lines]
    begin, end = f"// [{region}", f"// {region}]"
    if marks.count(begin) != 1 or marks.count(end) != 1:
        raise SnippetError(f"{file} must have one line `{begin}` and one line `{end}`")
    body = lines[marks.index(begin) + 1:marks.index(end)]
    # Marks of regions inside this one are not part of the text.
    body = [line for line in body if not re.match(r"\s*// (\[[\w-]+|[\w-]+\])$", line)]
    return textwrap.dedent("\n".join(body)).strip("\n").splitlines()


def wanted_lines(root, file, region):
    path = root / file
    if not path.is_file():
        raise SnippetError(f"no such file: {file}")
    text = path.read_text(encoding="utf-8")
    return region_of(text, region, file) if region else text.rstrip("\n").splitlines()


def check_document(document, root):
    """(the document's lines with every block as it must be, what is wrong with it)."""
    lines = document.read_text(encoding="utf-8").splitlines()
    fixed, problems, mark = [], [], None
    index = 0
    while index < len(lines):
        line = lines[index]
        index += 1
        fixed.append(line)
        where = f"{document.relative_to(root)}:{index}"
        if not line.startswith("```"):
            if mark and line.strip():
                problems.append(f"{where}: a fenced block must follow the snippet comment")
                mark = None
            mark = MARK.match(line.strip()) or mark
            continue

        end = index
        while end < len(lines) and lines[end].rstrip() != "```":
            end += 1
        block = lines[index:end]
        index = end
        if mark is None and line.strip() == "```cpp":
            problems.append(f"{where}: a cpp block without `<!-- snippet: FILE#REGION -->`")
        if mark is not None and mark["file"] != "none":
            try:
                wanted = wanted_lines(root, mark["file"], mark["region"])
                if block != wanted:
                    problems.append(f"{where}: differs from {mark['file']}")
                block = wanted
            except SnippetError as error:
                problems.append(f"{where}: {error}")
        mark = None
        fixed += block
        if index < len(lines):
            fixed.append(lines[index])
            index += 1
    return fixed, problems


def documents(root):
    for path in sorted(root.rglob("*.md")):
        if not SKIPPED & set(path.relative_to(root).parts):
            yield path


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fix", action="store_true", help="rewrite the blocks that differ")
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    arguments = parser.parse_args()

    problems, num_documents = [], 0
    for document in documents(arguments.root):
        num_documents += 1
        fixed, found = check_document(document, arguments.root)
        problems += [text for text in found if not (arguments.fix and "differs from" in text)]
        if arguments.fix and found:
            document.write_text("\n".join(fixed) + "\n", encoding="utf-8")
    if problems:
        sys.exit("\n".join(problems) + "\n(tests/docs/check_snippets.py --fix rewrites the blocks)")
    print(f"snippets: {num_documents} documents agree with their sources")


if __name__ == "__main__":
    main()
