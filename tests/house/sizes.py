#!/usr/bin/env python3
"""Refuses a file that has outgrown its kind, and a header that does not begin by saying what it is.

    sizes.py ROOT

Code 400 lines, a header 200, a test 600. EXCEPTIONS says why a longer one stays whole; a row there
that is no longer needed is refused too.
"""

import pathlib
import sys

EXCEPTIONS = {
    "src/model/pipeline.hpp": (241, "one type tree; each part is small and they name each other"),
}


def limit_of(path):
    if path.parts[0] == "tests":
        return 600
    return 200 if path.suffix == ".hpp" else 400


def main(root):
    wrong, files = [], 0
    for folder in ("src", "fuse", "tests", "scripts"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".cpp", ".hpp", ".py"):
                continue
            path, lines = file.relative_to(root), file.read_text().splitlines()
            files += 1
            limit = limit_of(path)
            allowed, why = EXCEPTIONS.get(str(path), (limit, ""))
            if len(lines) > allowed:
                wrong.append(f"{path}: {len(lines)} lines; past {allowed}, ask what else has moved in")
            elif why and len(lines) <= limit:
                wrong.append(f"tests/house/sizes.py: {path} is short again; take out its exception")
            if file.suffix == ".hpp" and not (lines and lines[0].startswith("// ")):
                wrong.append(f"{path}:1: a header begins with a line that says what it is")
    for path in EXCEPTIONS:
        if not (root / path).exists():
            wrong.append(f"tests/house/sizes.py: {path} is not there any more")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{files} files, {len(wrong)} problems")
    return 1 if wrong or not files else 0


sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
