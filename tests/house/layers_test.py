#!/usr/bin/env python3
"""Checks that layers.py catches a forbidden include, a folder that is no room, and passes a good tree.

    layers_test.py ROOT
"""

import pathlib
import subprocess
import sys
import tempfile

TABLE = "# room folder may use\nbase src/base\ntext src/text base\n"


def layers(root, files):
    """layers.py's exit status and output for a small tree."""
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        for name, text in {"rooms.txt": TABLE, **files}.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
        done = subprocess.run(
            [sys.executable, root / "tests/house/layers.py", tree], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


def expect(what, got, status, text):
    if got[0] != status or text not in got[1]:
        sys.exit(f"{what}: expected exit {status} and '{text}', got {got}")


def main(root):
    good = {"src/base/a.hpp": "", "src/text/t.cpp": '#include "base/a.hpp"\n', "src/text/t.hpp": ""}
    expect("a good tree", layers(root, good), 0, "0 problems")
    upward = {**good, "src/base/b.cpp": '// a comment\n#include "text/t.hpp"\n'}
    expect("an include upward", layers(root, upward), 1, "src/base/b.cpp:2: 'base' may not use 'text'")
    expect("a folder that is no room", layers(root, {**good, "src/more/m.cpp": ""}), 1, "src/more")
    expect("a missing file", layers(root, {**good, "src/text/u.cpp": '#include "base/no.hpp"\n'}), 1, "base/no.hpp")


main(pathlib.Path(sys.argv[1]).resolve())
