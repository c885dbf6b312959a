#!/usr/bin/env python3
"""Refuses a link in a Markdown page to a file that is not there, a name docs/… in a source file of
which the same holds, a page of docs/ to which README.md has no link, and JSON under docs/ that is none.

    links.py ROOT
"""

import json
import pathlib
import re
import sys

NAMED = re.compile(r"(?<![\w/.-])docs/[\w/-]+\.(?:md|json)\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def pages(root):
    for page in sorted(root.rglob("*.md")):
        parts = page.relative_to(root).parts
        if not any(part.startswith((".", "build")) for part in parts[:-1]):
            yield page


def main(root):
    wrong, links = [], 0
    for page in pages(root):
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for target in LINK.findall(line):
                if re.match(r"[a-z]+:", target) or target.startswith("#"):
                    continue
                links += 1
                if not (page.parent / target.split("#")[0]).exists():
                    wrong.append(f"{page.relative_to(root)}:{number}: there is no {target}")
    for folder in ("src", "fuse", "tests", "scripts"):
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in (".cpp", ".hpp", ".py", ".md", ".build"):
                continue
            for number, line in enumerate(file.read_text().splitlines(), 1):
                for target in NAMED.findall(line):
                    links += 1
                    if not (root / target).exists():
                        wrong.append(f"{file.relative_to(root)}:{number}: there is no {target}")
    readme = root / "README.md"
    linked = {(root / target.split("#")[0]).resolve() for target in LINK.findall(readme.read_text())}
    wrong += [f"{page.relative_to(root)}: README.md has no link to it"
              for page in sorted((root / "docs").rglob("*.md")) if page.resolve() not in linked]
    for schema in sorted((root / "docs").rglob("*.json")):
        try:
            json.loads(schema.read_text())
        except ValueError as problem:
            wrong.append(f"{schema.relative_to(root)}: {problem}")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{links} links, {len(wrong)} problems")
    return 1 if wrong else 0


sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
