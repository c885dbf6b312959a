#!/usr/bin/env python3
"""The signatures of the v1 SDK, as a plain list of facts.

    sdk_signatures.py --record     writes sdk_signatures.txt; run by a Python that has the real SDK
    sdk_signatures.py --check      the same, but only says whether the file is still true

One line a name: a class ("class A(x, y=) < Base"), a function, a method, a property, or "alias = name" for a
second way to import it. A parameter with a default is written "name=", so that a line holds names and nothing else.
"""

import importlib
import inspect
import pathlib
import sys

LIST = pathlib.Path(__file__).with_suffix(".txt")
MODULES = """
azureml.core azureml.core.authentication azureml.core.compute azureml.core.compute_target
azureml.core.conda_dependencies azureml.core.container_registry azureml.core.databricks
azureml.core.dataset azureml.core.datastore azureml.core.environment azureml.core.experiment azureml.core.image
azureml.core.keyvault azureml.core.model azureml.core.resource_configuration azureml.core.run
azureml.core.runconfig azureml.core.script_run azureml.core.script_run_config azureml.core.webservice
azureml.core.workspace
azureml.data azureml.data.abstract_dataset azureml.data.constants azureml.data.data_reference azureml.data.datapath
azureml.data.dataset_consumption_config azureml.data.dataset_error_handling azureml.data.dataset_factory
azureml.data.file_dataset azureml.data.output_dataset_config azureml.data.tabular_dataset
azureml.exceptions
azureml.pipeline.core azureml.pipeline.core.builder azureml.pipeline.core.graph azureml.pipeline.core.module
azureml.pipeline.core.pipeline azureml.pipeline.core.pipeline_draft azureml.pipeline.core.pipeline_endpoint
azureml.pipeline.core.pipeline_output_dataset azureml.pipeline.core.run azureml.pipeline.core.schedule
azureml.pipeline.steps azureml.pipeline.steps.command_step azureml.pipeline.steps.estimator_step
azureml.pipeline.steps.hyper_drive_step azureml.pipeline.steps.mpi_step azureml.pipeline.steps.parallel_run_config
azureml.pipeline.steps.parallel_run_step azureml.pipeline.steps.python_script_step
azureml.pipeline.steps.r_script_step
azureml.train.dnn azureml.train.estimator azureml.train.hyperdrive azureml.train.sklearn
azureml.widgets
""".split()


def parameters(function, bound):
    """("a", "b=", "*args", "**kwargs"), or None where Python does not know."""
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    words = []
    for at, each in enumerate(found):
        if bound and at == 0 and each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD):
            continue
        star = {each.VAR_POSITIONAL: "*", each.VAR_KEYWORD: "**"}.get(each.kind, "")
        # The SDK's own inner arguments are nobody's interface.
        if each.name.startswith("_"):
            continue
        words.append(star + each.name + ("" if each.default is each.empty else "="))
    return words


def call(name, function, bound):
    words = parameters(function, bound)
    return None if words is None else f"{name}({', '.join(words)})"


def members(path, kind, doors):
    """The lines of one class: its constructor, then what it and its nameless bases define."""
    own = [base for base in kind.__mro__ if base.__module__.split(".")[0] == "azureml"]
    named = [doors[base] for base in own[1:] if base in doors]
    constructor = call(f"class {path}", kind.__init__, True) or f"class {path}()"
    yield constructor + (f" < {named[0]}" if named else "")
    seen = set()
    for base in own:
        if base is not kind and base in doors:
            seen.update(vars(base))
            continue
        for name, value in sorted(vars(base).items()):
            if name.startswith("_") or name in seen:
                continue
            seen.add(name)
            if isinstance(value, (classmethod, staticmethod)):
                yield call(f"  {path}.{name}", getattr(kind, name), False)
            elif inspect.isfunction(value):
                yield call(f"  {path}.{name}", value, True)
            elif isinstance(value, property):
                yield f"  {path}.{name}"


def public_names(module):
    """(name, value, whether the module means it to be had from there)"""
    listed = getattr(module, "__all__", None)
    for name in listed or sorted(vars(module)):
        value = getattr(module, name, None)
        if name.startswith("_") or not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        if value.__module__.startswith("azureml."):
            yield name, value, bool(listed) or value.__module__ == module.__name__


def lines():
    """All lines, sorted by where a name is defined."""
    named = []
    for module_name in MODULES:
        for name, value, meant in public_names(importlib.import_module(module_name)):
            named.append((f"{module_name}.{name}", value, meant))
    # A class is described where it is defined, or where the SDK hides that, at its first public door.
    doors = {}
    for door, value, meant in named:
        if door == f"{value.__module__}.{value.__qualname__}":
            doors[value] = door
    for door, value, meant in named:
        if meant:
            doors.setdefault(value, door)
    for door, value, meant in named:
        # Scripts import from each other's modules in azureml.core; elsewhere only what a module offers.
        if value in doors and doors[value] != door and (meant or door.startswith("azureml.core.")):
            yield f"{door} = {doors[value]}"
    for value, door in sorted(doors.items(), key=lambda pair: pair[1]):
        if inspect.isclass(value):
            yield from (line for line in members(door, value, doors) if line)
        else:
            yield call(f"def {door}", value, False)


def versions():
    import importlib.metadata as metadata  # Python 3.8 and later

    for name in ("azureml-core", "azureml-pipeline-core", "azureml-pipeline-steps", "azureml-train-core",
                 "azureml-widgets"):
        yield f"# {name} {metadata.version(name)}"


def main(arguments):
    text = "\n".join([*versions(), *lines()]) + "\n"
    if arguments == ["--record"]:
        LIST.write_text(text)
        print(f"{len(text.splitlines())} lines")
        return 0
    if arguments == ["--check"]:
        kept = LIST.read_text()
        if kept == text:
            print("the list is true")
            return 0
        import difflib

        print(*difflib.unified_diff(kept.splitlines(), text.splitlines(), "kept", "installed", lineterm="", n=0),
              sep="\n")
        return 1
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
