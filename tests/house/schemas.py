#!/usr/bin/env python3
"""Checks docs/schemas/events.json against what the program tells: every event of a real run.

    schemas.py ROOT AMLOCAL

Only what the schemas use is understood: type, properties, required, items, enum, const, oneOf, anyOf,
$ref to #/…, additionalProperties. Another keyword is refused, so that none is passed over in silence.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
ABOUT = {"$schema", "$id", "$defs", "definitions", "title", "description", "format", "examples", "minimum"}


def fits(value, schema, whole, where="$"):
    """'' or what does not fit."""
    if unknown := set(schema) - ABOUT - {"type", "properties", "required", "items", "enum", "const", "oneOf", "anyOf",
                                         "allOf", "$ref", "additionalProperties"}:
        return f"{where}: this test does not know {sorted(unknown)}"
    if "$ref" in schema:
        part = whole
        for word in schema["$ref"].removeprefix("#/").split("/"):
            part = part[word]
        if problem := fits(value, part, whole, where):
            return problem
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if types and not any(number and (kind == "number" or float(value).is_integer()) if kind in ("number", "integer")
                         else isinstance(value, KINDS[kind]) for kind in types):
        return f"{where}: {value!r} is no {' or '.join(types)}"
    if "const" in schema and value != schema["const"] or "enum" in schema and value not in schema["enum"]:
        return f"{where}: {value!r} is not as it must be"
    for keyword, enough in (("oneOf", lambda good, _: good == 1), ("anyOf", lambda good, _: good > 0),
                            ("allOf", lambda good, all_: good == all_)):
        if keyword in schema:
            problems = [fits(value, each, whole, where) for each in schema[keyword]]
            if not enough(problems.count(""), len(problems)):
                return f"{where}: {problems.count('')} of {keyword} fit: {[p for p in problems if p][:8]}"
    if isinstance(value, dict):
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                return f"{where}: '{name}' is missing"
        for name, inner in value.items():
            rule = known.get(name, schema.get("additionalProperties", True))
            if rule is False:
                return f"{where}: '{name}' is not in the schema"
            if isinstance(rule, dict) and (problem := fits(inner, rule, whole, f"{where}.{name}")):
                return problem
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for i, inner in enumerate(value):
            if problem := fits(inner, schema["items"], whole, f"{where}[{i}]"):
                return problem
    return ""


def main(root, amlocal):
    schema = json.loads((root / "docs/schemas/events.json").read_text())
    wrong, seen = [], set()
    with tempfile.TemporaryDirectory(prefix="amlocal-schemas-") as folder:
        for fixture, file in (("first-step", "job.yml"), ("failing", "exception.yml"), ("nested", "pipeline.yml")):
            shutil.copytree(root / "fixtures" / fixture, pathlib.Path(folder) / fixture)
            done = subprocess.run([amlocal, "run", file, "--json"], cwd=pathlib.Path(folder) / fixture, text=True,
                                  capture_output=True, env={**os.environ, "HOME": folder})
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            if not lines:
                wrong.append(f"{fixture}/{file} told nothing: {done.stderr[-500:]}")
            for line in lines:
                seen.add(line["event"])
                if problem := fits(line, schema, schema):
                    wrong.append(f"{fixture}/{file}: {line['event']}: {problem}")
    if fits({"event": "run_started"}, schema, schema) == "":
        wrong.append("the schema refuses nothing: an event without its time fits it")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(seen)} kinds of event, {len(wrong)} problems")
    return 1 if wrong or len(seen) < 4 else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()))
