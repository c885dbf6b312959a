#!/usr/bin/env python3
"""Refuses a rule of the mount (M12) or a scenario (A14) without a test, a test that names none there is,
and a table of operations in docs/semantics.md that is not the tests' own.

    rules.py ROOT [--write]     --write puts the tests' table into the page

A rule is a line "- **M12** …" of docs/semantics.md, a scenario a row "| A14 | …" of docs/scenarios.md; its
last column names the file of its test, or is a reason in italics. A test carries the number in its name or
beside it.
"""

import pathlib
import re
import subprocess
import sys

SCENARIOS = range(1, 31)


def numbers_in(root, letter):
    """{number: {files below tests/}}"""
    found = {}
    for file in sorted((root / "tests").rglob("*")):
        if file.suffix not in (".py", ".cpp", ".hpp") or "house" in file.parts:
            continue
        for number in re.findall(rf"(?<![A-Za-z0-9.-]){letter}([0-9]+)(?!\.?[A-Za-z0-9])", file.read_text()):
            found.setdefault(int(number), set()).add(str(file.relative_to(root)))
    return found


def rules(root):
    page = (root / "docs/semantics.md").read_text()
    stated = [int(number) for number in re.findall(r"^- \*\*M([0-9]+)\*\*", page, re.M)]
    tested = numbers_in(root, "M")
    if stated != list(range(1, len(stated) + 1)) or not stated:
        yield "docs/semantics.md: the rules are not numbered M1, M2, … in their order"
    for number in stated:
        if number not in tested:
            yield f"docs/semantics.md: no test carries M{number}"
    for number in sorted(set(tested) - set(stated)):
        yield f"{', '.join(sorted(tested[number]))}: docs/semantics.md has no M{number}"


def scenarios(root):
    page = (root / "docs/scenarios.md").read_text()
    rows = {int(number): rest for number, rest in re.findall(r"^\| A([0-9]+) \|(.*)\|$", page, re.M)}
    tested = numbers_in(root, "A")
    if sorted(rows) != list(SCENARIOS):
        yield "docs/scenarios.md: the rows are not A1 to A30"
    for number, rest in sorted(rows.items()):
        last = rest.split("|")[-1].strip()
        files = re.findall(r"`(tests/[\w/.]+)`", last)
        for file in files:
            if file not in tested.get(number, ()):
                yield f"docs/scenarios.md: {file} does not carry A{number}"
        if not files and not re.fullmatch(r"\*.+\*", last):
            yield f"docs/scenarios.md: A{number} names neither a test nor a reason"
        for file in sorted(tested.get(number, set()) - set(files)):
            yield f"{file}: docs/scenarios.md does not name it for A{number}"
    for number in sorted(set(tested) - set(rows)):
        yield f"{', '.join(sorted(tested[number]))}: docs/scenarios.md has no A{number}"


def table(root, write):
    command = [sys.executable, root / "tests/mount/operations.py", "--table"]
    own = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    page = root / "docs/semantics.md"
    before, _, rest = page.read_text().partition("<!-- table -->\n")
    shown, end, after = rest.partition("<!-- end -->")
    if write:
        page.write_text(f"{before}<!-- table -->\n{own}{end}{after}")
    elif shown != own:
        yield "docs/semantics.md: its table is not that of tests/mount/operations.py: tests/house/rules.py . --write"


def main(root, write):
    wrong = [*table(root, write), *rules(root), *scenarios(root)]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(wrong)} problems")
    return 1 if wrong else 0


sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:] == ["--write"]))
