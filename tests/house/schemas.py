#!/usr/bin/env python3
"""Checks docs/schemas/events.json against what the program tells: every event of a real run;
docs/schemas/step-result.json against what came of steps alone; and docs/schemas/data-shape.json against the shapes
of data of every kind.

    schemas.py ROOT AMLOCAL SHAPE_OF

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


def wrong_shapes(root, shape_of):
    """The problems of the shapes of one folder that holds everything, and of its files."""
    schema = json.loads((root / "docs/schemas/data-shape.json").read_text())
    with tempfile.TemporaryDirectory(prefix="amlocal-schemas-") as folder:
        data = pathlib.Path(folder)
        shutil.copy(root / "tests/unit/data/kinds.parquet", data)
        for name, text in {
            "part-001.csv": "id,at,x\n1,2024-01-01,\n2,,y\n", "part-002.tsv": "1\t2\n3\t4\n", "a.json": '[{"a": 1}, {"a": [2.5]}]',
            "b.jsonl": '{"a": {"b": true}}\n{"a": null}\n', "open.json": json.dumps({f"k{n}": n for n in range(300)}),
            "broken.csv": 'a,b\n1,"', "empty.txt": "", "prose.txt": "Once", "x.bin": "x", "x.csv.gz": "x", "cat/1.png": "x",
            "MLTable": "paths:\n  - file: ./a.csv\ntransformations:\n  - take: 5\n",
            "MLmodel": "flavors:\n  sklearn: {}\nsignature:\n  inputs: '[{\"name\": \"x\", \"type\": \"long\"}]'\n",
        }.items():
            (data / name).parent.mkdir(exist_ok=True)
            (data / name).write_text(text)
        (data / "gone").symlink_to("nowhere")
        files = sorted(file for file in data.iterdir() if file.is_file())
        done = subprocess.run([shape_of, data, *files], text=True, capture_output=True)
        shapes = [json.loads(line) for line in done.stdout.splitlines()]
    if len(shapes) != len(files) + 1:
        yield f"shape-of ended early: {done.stderr[-500:]}"
        return
    for shape in shapes:
        if problem := fits(shape, schema, schema):
            yield f"data-shape.json: {problem}"
    used = {key for shape in shapes for key in shape} | {key for group in shapes[0]["files"] for key in group}
    if missing := ({*schema["properties"], *schema["$defs"]["group"]["properties"]}) - used:
        yield f"data-shape.json: nothing of this data had {sorted(missing)}"
    del shapes[0]["files"][0]["pattern"]
    if not fits(shapes[0], schema, schema):
        yield "data-shape.json refuses nothing: files without a pattern fit it"


def wrong_results(root, amlocal, folder, events):
    schema = json.loads((root / "docs/schemas/step-result.json").read_text())
    for fixture, file in (("first-step", "job.yml"), ("failing", "exception.yml")):
        done = subprocess.run([amlocal, "step", "run", file, "--json"], cwd=pathlib.Path(folder) / fixture, text=True,
                              capture_output=True, env={**os.environ, "HOME": folder})
        *lines, result = [json.loads(line) for line in done.stdout.splitlines()] or [{}]
        for line in lines:
            if problem := fits(line, events, events):
                yield f"step run {file}: {line['event']}: {problem}"
        if problem := fits(result, schema, schema):
            yield f"step run {file}: {problem}; {done.stderr[-500:]}"
        if (result.get("failure") is None) != (done.returncode == 0):
            yield f"step run {file} ends with {done.returncode}: {result.get('failure')}"
    if not fits({**result, "io": {}}, schema, schema):
        yield "step-result.json refuses nothing: a record of mounts without files fits it"


def main(root, amlocal, shape_of):
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
        wrong += wrong_results(root, amlocal, folder, schema)
    if fits({"event": "run_started"}, schema, schema) == "":
        wrong.append("the schema refuses nothing: an event without its time fits it")
    wrong += wrong_shapes(root, shape_of)
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(seen)} kinds of event, {len(wrong)} problems")
    return 1 if wrong or len(seen) < 4 else 0


if __name__ == "__main__":
    sys.exit(main(*(pathlib.Path(word).resolve() for word in sys.argv[1:4])))
