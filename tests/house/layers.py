#!/usr/bin/env python3
"""Refuses an #include "room/…" that rooms.txt does not allow, with file and line.

    layers.py ROOT

Also refuses a room on a floor above the rooms it uses (the table is in order), a folder of src/
that is no room, and an include of a file that is not there.
"""

import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def read_rooms(root):
    """{room: (folder, {rooms it may use})}, and what is wrong with the table."""
    rooms, wrong = {}, []
    for number, line in enumerate((root / "rooms.txt").read_text().splitlines(), 1):
        words = line.split()
        if len(words) < 2 or words[0].startswith("#"):
            continue
        for used in words[2:]:
            if used not in rooms:
                wrong.append(f"rooms.txt:{number}: '{words[0]}' uses '{used}', which is not above it in the table")
        rooms[words[0]] = (root / words[1], set(words[2:]))
    return rooms, wrong


def main(root):
    rooms, wrong = read_rooms(root)
    known = {folder for folder, _ in rooms.values()}
    for folder in sorted(path for path in (root / "src").iterdir() if path.is_dir()):
        if folder not in known:
            wrong.append(f"{folder.relative_to(root)}: a folder of src/ that rooms.txt does not name")

    files = 0
    for room, (folder, may_use) in rooms.items():
        for file in sorted(folder.rglob("*")):
            if file.suffix not in (".cpp", ".hpp", ".h", ".cc"):
                continue
            files += 1
            for number, line in enumerate(file.read_text().splitlines(), 1):
                found = INCLUDE.match(line)
                if not found or "/" not in found[1]:
                    continue
                other = found[1].split("/")[0]
                where = f"{file.relative_to(root)}:{number}"
                if other not in rooms:
                    continue  # an outside library in quotes
                if other != room and other not in may_use:
                    wrong.append(f"{where}: '{room}' may not use '{other}' (rooms.txt)")
                elif not (rooms[other][0].parent / found[1]).exists():
                    wrong.append(f"{where}: there is no {found[1]}")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{files} files in {len(rooms)} rooms, {len(wrong)} problems")
    return 1 if wrong or not files else 0


sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
