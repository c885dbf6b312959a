#!/usr/bin/env python3
"""Refuses a verb or a long option in README.md that the program does not have.

    readme.py ROOT AMLOCAL

A verb's own page (`amlocal VERB --help`) is what it has; a verb in the table of verbs may stand as
`data create`, `list`, `show`, where each later one belongs to the first one's group.
"""

import pathlib
import re
import subprocess
import sys


def table_of_verbs(text):
    """[(line number, 'runs list')] of the rows below "## Verbs"."""
    rows, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            inside = line.strip() == "## Verbs"
        if inside and line.startswith("| `"):
            group = ""
            for words in re.findall(r"`([^`]+)`", line.split("|")[1]):
                verb = [word for word in words.split() if word.islower()]
                if len(verb) > 1:
                    group = verb[0]
                elif group:
                    verb = [group, *verb]
                rows.append((number, " ".join(verb)))
    return rows


def main(root, amlocal):
    text = (root / "README.md").read_text()
    commands = [(number, found) for number, line in enumerate(text.splitlines(), 1)
                for found in re.findall(r"amlocal ((?:[a-z]+ ?)+)(?=[^a-z./_-]|$)", line.split("#")[0])
                if line.startswith("amlocal ")]
    wrong, pages = [], {}
    for number, verb in table_of_verbs(text) + [(n, verb.strip()) for n, verb in commands]:
        if verb not in pages:
            done = subprocess.run([amlocal, *verb.split(), "--help"], capture_output=True, text=True)
            pages[verb] = done.stdout if done.returncode == 0 else None
        if pages[verb] is None:
            wrong.append(f"README.md:{number}: there is no verb '{verb}'")
    for number, line in enumerate(text.splitlines(), 1):
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", line):
            if option not in ("--help", "--version") and not any(option in (page or "") for page in pages.values()):
                wrong.append(f"README.md:{number}: no page of its verbs has {option}")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(pages)} verbs, {len(wrong)} problems")
    return 1 if wrong or len(pages) < 10 else 0


sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()))
