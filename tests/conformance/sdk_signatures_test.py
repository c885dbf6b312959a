#!/usr/bin/env python3
"""Compares the azureml shim with the real SDK's signatures, parameter by parameter.

    sdk_signatures_test.py [--all]      --all: also what is no difference

The list sdk_signatures.txt holds the facts; where a Python with the real SDK is named in AMLOCAL_REAL_SDK, it is
checked that the list is still true. sdk_differences.txt says which differences are meant, and why; a row there that
is no longer needed is refused too.
"""
import fnmatch
import importlib
import inspect
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "src" / "step" / "python"))

LINE = re.compile(r"\s*(?P<kind>class |def )?(?P<path>[\w.]+)(?P<call>\((?P<parameters>.*?)\))?(?: < (?P<base>[\w.]+))?$")


class Shim:
    """What a dotted path is in the shim."""

    def __init__(self):
        self._modules = {}

    def find(self, path):
        """The object, or a text that says what is missing."""
        words = path.split(".")
        for at in range(len(words) - 1, 0, -1):
            module = self._module(".".join(words[:at]))
            if module is None:
                continue
            found = module
            for word in words[at:]:
                if inspect.isclass(found) and not is_placeholder(found):
                    value = inspect.getattr_static(found, word, None)
                    if value is None:
                        return Attribute(word) if hasattr(instance_of(found), word) else "no " + word
                    found = value if isinstance(value, property) else getattr(found, word)
                    continue
                if is_placeholder(found):
                    return found
                try:
                    found = getattr(found, word)
                except AttributeError:
                    return "no " + word
            return found
        return "no module"

    def _module(self, name):
        if name not in self._modules:
            try:
                self._modules[name] = importlib.import_module(name)
            except ModuleNotFoundError:
                self._modules[name] = None
        return self._modules[name]


def instance_of(kind):
    """An object of the class, made of nothing: its attributes count as the real one's properties do."""
    required = [name for name, has_default in own_parameters(kind.__init__, True).items() if not has_default]
    try:
        return kind(*[None] * len(required))
    except Exception:  # it wants something of its arguments
        return None


class Attribute(str):
    """An attribute that an object has, and its class not."""


def is_placeholder(found):
    return type(found).__name__ == "_Absent"


def own_parameters(function, bound):
    """{name: has a default}, "*" and "**" where it takes any; the inner ones left out."""
    words = {}
    for at, each in enumerate(inspect.signature(function).parameters.values()):
        if bound and at == 0:
            continue
        if each.kind == each.VAR_POSITIONAL:
            words["*"] = True
        elif each.kind == each.VAR_KEYWORD:
            words["**"] = True
        elif not each.name.startswith("_"):
            words[each.name] = each.default is not each.empty
    return words


def listed_parameters(text):
    words = {}
    for each in filter(None, (part.strip() for part in text.split(","))):
        if each.startswith("**"):
            words["**"] = True
        elif each.startswith("*"):
            words["*"] = True
        else:
            words[each.rstrip("=")] = each.endswith("=")
    return words


def differences(real, own, in_order=True):
    """What a call that the real one takes would meet here."""
    for name, has_default in real.items():
        if name in ("*", "**"):
            continue
        if name not in own and "**" not in own:
            yield "has no parameter " + name
        elif name in own and has_default and not own[name]:
            yield "needs the parameter " + name
    for name, has_default in own.items():
        if name not in real and not has_default and name not in ("*", "**"):
            yield "needs a parameter of its own: " + name
    if in_order:
        common = [name for name in real if name in own and name not in ("*", "**")]
        if [name for name in own if name in common] != common:
            yield "has its parameters in another order"


def compare(line, shim):
    """(what the line names, [differences]); ["absent"] for a name that is refused where it is used."""
    if " = " in line:
        alias, _, name = line.partition(" = ")
        found = shim.find(alias)
        if isinstance(found, str):
            return alias, [found]
        return alias, ["absent"] if is_placeholder(found) else []
    match = LINE.match(line)
    path = match.group("path")
    found = shim.find(path)
    if isinstance(found, str) and not isinstance(found, Attribute):
        return path, [found]
    if is_placeholder(found):
        return path, ["absent"]
    if match.group("call") is None:
        return path, []
    real = listed_parameters(match.group("parameters"))
    owner = shim.find(path.rpartition(".")[0])
    if match.group("kind") == "class ":
        own = own_parameters(found.__init__, True) if "__init__" in dir(found) else {}
        if found.__init__ is object.__init__:
            own = {}
        if real == {"*": True, "**": True}:  # the real one has no constructor of its own
            real = {}
    else:
        bound = inspect.isclass(owner) and inspect.isfunction(
            inspect.getattr_static(owner, path.rpartition(".")[2], None)
        )
        if not callable(found):
            return path, ["is not a method"]
        own = own_parameters(found, bound)
    return path, list(differences(real, own))


def meant():
    """{pattern: reason}"""
    rows = {}
    for line in (HERE / "sdk_differences.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            pattern, _, reason = line.partition("  ")
            rows[pattern.strip()] = reason.strip()
    return rows


def still_true():
    """Whether the list is what the real SDK has; None where there is none."""
    python = os.environ.get("AMLOCAL_REAL_SDK")
    if not python:
        return None
    command = [python, str(HERE / "sdk_signatures.py"), "--check"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
    if done.returncode:
        print(done.stdout)
    return done.returncode == 0


def main(arguments):
    shim, rows, used, wrong = Shim(), meant(), set(), []
    counts = {"same": 0, "refused where used": 0, "differs on purpose": 0}
    for line in (HERE / "sdk_signatures.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        path, found = compare(line, shim)
        if not found:
            counts["same"] += 1
            if "--all" in arguments:
                print("same", path)
        elif found == ["absent"]:
            counts["refused where used"] += 1
        else:
            pattern = next((each for each in rows if fnmatch.fnmatchcase(path, each)), None)
            if pattern is None:
                wrong.append("{}: {}".format(path, "; ".join(found)))
            else:
                used.add(pattern)
                counts["differs on purpose"] += 1
    unused = ["sdk_differences.txt: {} is no difference any more".format(each) for each in rows if each not in used]
    truth = still_true()
    print(*wrong, *unused, sep="\n", end="\n" if wrong or unused else "")
    print("{} names of the real SDK: {}".format(sum(counts.values()) + len(wrong), ", ".join(
        "{} {}".format(number, word) for word, number in counts.items())))
    print({None: "the list was not compared with a real SDK (AMLOCAL_REAL_SDK names none)", True: "the list is true",
           False: "the list is NOT what the installed SDK has"}[truth])
    print("{} differences that nobody meant".format(len(wrong)))
    return 1 if wrong or unused or truth is False or not counts["same"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
