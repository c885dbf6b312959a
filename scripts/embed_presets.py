"""Writes preset_texts.cpp: the cost profiles (presets/*.json) as strings of the program.

usage: embed_presets.py OUTPUT PRESET.json...
"""
import json
import pathlib
import sys


def main() -> None:
    output, *presets = sys.argv[1:]
    rows = []
    for preset in map(pathlib.Path, presets):
        text = preset.read_text(encoding="utf-8")
        json.loads(text)
        rows.append(f'    {{"{preset.stem}", R"json({text})json"}},\n')
    pathlib.Path(output).write_text(
        '#include "meter/preset_texts.hpp"\n\nnamespace meter {\nnamespace {\n\n'
        "constexpr std::pair<std::string_view, std::string_view> texts[] = {\n" + "".join(rows) + "};\n\n"
        "}  // namespace\n\n"
        "std::span<const std::pair<std::string_view, std::string_view>> preset_texts() {\n"
        "  return texts;\n}\n\n}  // namespace meter\n",
        encoding="utf-8",
    )


main()
