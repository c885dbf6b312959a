"""Writes pages.cpp: the help pages (help.md, verb_*.md) as strings of the program.

usage: embed_pages.py OUTPUT PAGE.md...
"""
import pathlib
import sys


def plain(markdown: str) -> str:
    """The page as a terminal shows it: without the marks of headings, code and emphasis."""
    lines = []
    fenced = False
    for line in markdown.splitlines():
        if line.startswith("```"):
            fenced = not fenced
            continue
        if not fenced:
            line = line.lstrip("#").lstrip() if line.startswith("#") else line
            line = line.replace("`", "").replace("**", "")
        else:
            line = "    " + line if line else line
        lines.append(line)
    return "\n".join(lines).strip() + "\n"


def main() -> None:
    output, *pages = sys.argv[1:]
    rows = []
    for page in pages:
        name = pathlib.Path(page).stem.removeprefix("verb_")
        text = plain(pathlib.Path(page).read_text(encoding="utf-8"))
        rows.append(f'  if (name == "{name}") return R"page({text})page";\n')
    pathlib.Path(output).write_text(
        '#include "cli/verb.hpp"\n\nnamespace cli {\n\n'
        "std::string_view page(std::string_view name) {\n" + "".join(rows) + '  return "";\n}\n\n}  // namespace cli\n',
        encoding="utf-8",
    )


main()
