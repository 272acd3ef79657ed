#!/usr/bin/env python3
"""Fails when a file includes what its layer may not: the rules are in tools/layers.txt.

  check_layers.py [--root TREE] [--rules FILE]
"""
import argparse
import dataclasses
import fnmatch
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*(?P<open>[<"])(?P<path>[^>"]+)[>"]')
SOURCE_SUFFIXES = (".hpp", ".h", ".ipp", ".cpp", ".hpp.in")


class RuleError(Exception):
    """A line of the rules that cannot be understood."""


@dataclasses.dataclass
class Layer:
    name: str
    folder: str
    may: list[str]
    may_not: list[str]
    free: bool = False


@dataclasses.dataclass
class Only:
    prefixes: list[str]
    folders: list[str]


def read_rules(path):
    layers, only = [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        kind, rest = words[0], words[1:]
        if kind == "free":
            layers += [Layer(folder, folder, [], [], free=True) for folder in rest]
            continue
        if ":" not in rest or kind not in ("layer", "only"):
            raise RuleError(f"{path}:{number}: expected `layer`, `only` or `free`: {line}")
        left, right = rest[:rest.index(":")], rest[rest.index(":") + 1:]
        if kind == "only":
            only.append(Only(left, right))
        elif len(left) == 2:
            may = [item for item in right if not item.startswith("!")]
            layers.append(Layer(*left, may, [item[1:] for item in right if item.startswith("!")]))
        else:
            raise RuleError(f"{path}:{number}: expected `layer NAME FOLDER : MAY...`: {line}")
    check_one_way(layers, path)
    return layers, only


def check_one_way(layers, path):
    """Layers that may include each other are one layer: refuse such a table."""
    uses = {layer.name: [name for name in layer.may if name != layer.name] for layer in layers}

    def visit(name, trail):
        if name in trail:
            raise RuleError(f"{path}: layers include each other: {' -> '.join(trail + [name])}")
        for used in uses.get(name, []):
            visit(used, trail + [name])

    for name in uses:
        visit(name, [])


def under(path, folder):
    """The part of `path` that matches `folder` (whose `*` matches one name), or None."""
    parts, pattern = path.split("/"), folder.split("/")
    if len(parts) < len(pattern):
        return None
    head = parts[:len(pattern)]
    matches = all(fnmatch.fnmatchcase(part, want) for part, want in zip(head, pattern))
    return "/".join(head) if matches else None


def layer_of(path, layers):
    """(layer, its concrete folder) of a file; the longest folder wins, a plain one before a `*`."""
    found = [(layer, under(path, layer.folder)) for layer in layers]
    found = [(layer, folder) for layer, folder in found if folder]
    key = lambda entry: (entry[0].folder.count("/"), "*" not in entry[0].folder)
    return max(found, key=key, default=(None, None))


def layer_of_include(include, layers):
    """As layer_of(), for "sluice/x/y.hpp": the include root is the part before sluice/."""
    inside = [dataclasses.replace(layer, folder=layer.folder[layer.folder.index("sluice"):])
              for layer in layers if "sluice" in layer.folder.split("/")]
    return layer_of(include, inside)


def why_forbidden(file, include, quoted, root, layers, only):
    """The reason why `file` may not include `include`, or None."""
    layer, folder = layer_of(file, layers)
    if not include.startswith("sluice/"):
        for rule in only:
            if include.startswith(tuple(rule.prefixes)):
                if not any(under(file, allowed) for allowed in rule.folders):
                    return f"<{include}> may be included only in: {' '.join(rule.folders)}"
        if quoted and not layer.free and (root / file).parent.joinpath(include).exists():
            if "sluice" in file.split("/"):
                return f'write "{include}" with its layer, as "sluice/..."'
        return None
    if layer.free:
        return None

    target, target_folder = layer_of_include(include, layers)
    same_layer = target_folder is not None and folder.endswith(target_folder)
    if "/internal/" in include:
        if not same_layer:
            return f"{include} is internal to its layer"
        if file.endswith(".hpp") and "/internal/" not in file:
            return f"a header outside internal/ includes {include}"
    if same_layer:
        return None
    path = include.removeprefix("sluice/")
    if any(fnmatch.fnmatchcase(path, glob) for glob in layer.may_not):
        return f"{layer.name} may not include {include}"
    if target is not None and target.name in layer.may:
        return None
    if any(fnmatch.fnmatchcase(path, glob) for glob in layer.may):
        return None
    return f"{layer.name} may not include {include}; it may include: {' '.join(layer.may) or '-'}"


def source_files(root, layers):
    for top in sorted({layer.folder.split("/")[0] for layer in layers}):
        for path in sorted((root / top).rglob("*")):
            if path.name.endswith(SOURCE_SUFFIXES) and path.is_file():
                yield path.relative_to(root).as_posix()


def check(root, layers, only):
    problems, num_files = [], 0
    for file in source_files(root, layers):
        num_files += 1
        if layer_of(file, layers)[0] is None:
            problems.append(f"{file}: no layer covers this file")
            continue
        text = (root / file).read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                reason = why_forbidden(file, match["path"], match["open"] == '"', root, layers, only)
                if reason:
                    problems.append(f"{file}:{number}: {reason}")
    return problems, num_files


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root", type=pathlib.Path, default=here.parent)
    parser.add_argument("--rules", type=pathlib.Path, default=here / "layers.txt")
    arguments = parser.parse_args()
    try:
        problems, num_files = check(arguments.root, *read_rules(arguments.rules))
    except RuleError as error:
        sys.exit(str(error))
    if problems:
        sys.exit("\n".join(problems))
    print(f"layers: {num_files} files keep to {arguments.rules.name}")


if __name__ == "__main__":
    main()
