"""Makes a mock's data: calls one function of the user's file and writes what it returns.

arguments: FILE FUNCTION TARGET NAME WITH
TARGET is a folder that is there. A returned value becomes a file in it: NAME where that has an extension,
else NAME with the one that fits. WITH holds keyword arguments as JSON, or is empty.
"""

import importlib.util
import inspect
import json
import os
import pathlib
import sys
import traceback


def function_of(file, name):
    sys.path.insert(0, os.path.dirname(file))
    spec = importlib.util.spec_from_file_location(pathlib.Path(file).stem, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not callable(found):
        there = sorted(n for n, f in vars(module).items() if callable(f) and not n.startswith("_"))
        raise SystemExit("there is no function '{}'; there are: {}".format(name, ", ".join(there) or "none"))
    return found


def takes_folder(function, given):
    """Whether it has a parameter for the folder beside those that `with` names."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    parameters = inspect.signature(function).parameters.values()
    first = next((each for each in parameters if each.kind in kinds), None)
    return first is not None and first.name not in given


def keep(made, target, name):
    if made is None or isinstance(made, os.PathLike):
        return
    stem, extension = os.path.splitext(name)

    def place(usual):
        return target / (name if extension else stem + usual)

    if hasattr(made, "to_csv"):  # a DataFrame, or a Series
        if extension == ".parquet":
            made.to_parquet(place(".parquet"), index=False)
        elif extension in (".jsonl", ".ndjson"):
            made.to_json(place(".jsonl"), orient="records", lines=True)
        else:
            made.to_csv(place(".csv"), index=False)
    elif isinstance(made, str):
        with open(place(".txt"), "w", encoding="utf-8", newline="") as file:
            file.write(made)
    elif isinstance(made, (bytes, bytearray)):
        place(".bin").write_bytes(bytes(made))
    elif isinstance(made, (dict, list, tuple, int, float)):
        place(".json").write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    else:
        raise SystemExit(
            "it returned a {}: return a DataFrame, str, bytes, dict or list, or write into the folder and return "
            "nothing".format(type(made).__name__)
        )


def main():
    file, name, target, label, given = sys.argv[1:6]
    given = json.loads(given) if given else {}
    target = pathlib.Path(target)
    try:
        function = function_of(file, name)
        keep(function(target, **given) if takes_folder(function, given) else function(**given), target, label)
    except Exception as problem:
        # From the user's own line on.
        trace = problem.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != file:
            trace = trace.tb_next
        traceback.print_exception(type(problem), problem, trace)
        sys.exit(1)


main()
