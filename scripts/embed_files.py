"""Writes a C++ source with files in it, as they are: their text by name, from one function.

usage: embed_files.py OUTPUT HEADER NAMESPACE FUNCTION FILE...

HEADER declares `std::map<std::string, std::string_view> FUNCTION();` in NAMESPACE.
"""
import pathlib
import sys


def main() -> None:
    output, header, namespace, function, *files = sys.argv[1:]
    rows = []
    for name in files:
        text = pathlib.Path(name).read_text(encoding="utf-8")
        assert ')embedded"' not in text, name
        rows.append(f'      {{"{pathlib.Path(name).name}", R"embedded({text})embedded"}},\n')
    pathlib.Path(output).write_text(
        f'#include "{header}"\n\nnamespace {namespace} {{\n\n'
        f"std::map<std::string, std::string_view> {function}() {{\n  return {{\n"
        + "".join(rows)
        + f"  }};\n}}\n\n}}  // namespace {namespace}\n",
        encoding="utf-8",
    )


main()
