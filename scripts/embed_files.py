"""Writes a C++ source with files in it, as they are: their text by name, from one function.

usage: embed_files.py [--below FOLDER] OUTPUT HEADER NAMESPACE FUNCTION FILE...

HEADER declares `std::map<std::string, std::string_view> FUNCTION();` in NAMESPACE. A file is named by
its path below FOLDER, or by its last word.
"""
import pathlib
import sys


def main() -> None:
    words = sys.argv[1:]
    below = pathlib.Path(words[1]).resolve() if words[0] == "--below" else None
    output, header, namespace, function, *files = words[2:] if below else words
    rows = []
    for name in files:
        path = pathlib.Path(name)
        text = path.read_text(encoding="utf-8")
        assert ')embedded"' not in text, name
        shown = path.resolve().relative_to(below).as_posix() if below else path.name
        rows.append(f'      {{"{shown}", R"embedded({text})embedded"}},\n')
    pathlib.Path(output).write_text(
        f'#include "{header}"\n\nnamespace {namespace} {{\n\n'
        f"std::map<std::string, std::string_view> {function}() {{\n  return {{\n"
        + "".join(rows)
        + f"  }};\n}}\n\n}}  // namespace {namespace}\n",
        encoding="utf-8",
    )


main()
