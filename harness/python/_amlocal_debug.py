"""Runs a step's Python under a debugger, and looks at it before it runs. Standard library only, Python 3.8 to 3.13.

    _amlocal_debug.py wait PORT READY TARGET...   listens for a debugger on 127.0.0.1:PORT, writes READY, and waits for it
    _amlocal_debug.py pdb TARGET...               pdb at the exception that ends it
    _amlocal_debug.py probe                       what this Python has, as JSON
    _amlocal_debug.py check TARGET...             what would fail before its first line has done anything, as JSON

TARGET is what stands behind `python` in the command: SCRIPT ARGS, -m MODULE ARGS or -c CODE ARGS.
"""
import os
import sys

OWN = os.path.abspath(__file__)


# -- running ------------------------------------------------------------------------------------------
def run(words):
    """As Python itself would have run them."""
    if words[0] == "-m":
        import runpy

        sys.argv = words[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        return
    if words[0] == "-c":
        sys.argv, sys.path[0] = ["-c"] + words[2:], ""
        execute(words[1], "<string>", None)
        return
    path = os.path.abspath(words[0])
    if os.path.isdir(path) or path.endswith((".zip", ".pyz")):
        import runpy

        sys.argv = words
        del sys.path[0]
        runpy.run_path(path, run_name="__main__")
        return
    sys.argv, sys.path[0] = words, os.path.dirname(path)
    with open(path, "rb") as file:
        source = file.read()
    execute(source, path, path)


def execute(source, name, path):
    import types

    module = types.ModuleType("__main__")
    module.__builtins__ = __builtins__
    if path:
        module.__file__ = path
    sys.modules["__main__"] = module
    exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)


def without_own(trace):
    while trace is not None and os.path.abspath(trace.tb_frame.f_code.co_filename) in (OWN, "<frozen runpy>"):
        trace = trace.tb_next
    return trace


def show(kind, error, trace):
    import traceback

    traceback.print_exception(kind, error, without_own(trace))


def wait(port, ready, words):
    # Its warning about frozen modules is about modules nobody debugs.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    import debugpy

    debugpy.listen(("127.0.0.1", int(port)))
    with open(ready + ".part", "w", encoding="utf-8") as file:
        file.write(os.getcwd())
    os.replace(ready + ".part", ready)
    debugpy.wait_for_client()
    sys.excepthook = show
    run(words)


def post_mortem(words):
    try:
        run(words)
    except SystemExit:
        raise
    except BaseException:
        import pdb

        kind, error, trace = sys.exc_info()
        show(kind, error, trace)
        trace = without_own(trace)
        if trace is not None:
            print("The step has failed. Its variables are as they were (w: where, p NAME, u and d: up and down, q: end)")
            pdb.post_mortem(trace)
        sys.exit(1)


# -- looking ------------------------------------------------------------------------------------------
def probe():
    import json

    version = None
    try:
        from importlib import metadata

        version = metadata.version("debugpy")
    except Exception:
        pass
    print(json.dumps({"debugpy": version, "editable": editable()}))


def editable():
    """Folders of packages that are installed as links to their sources."""
    import json
    from urllib.parse import unquote, urlparse

    found = []
    try:
        from importlib import metadata

        for distribution in metadata.distributions():
            text = distribution.read_text("direct_url.json")
            told = json.loads(text) if text else {}
            if told.get("dir_info", {}).get("editable"):
                found.append(unquote(urlparse(told["url"]).path))
    except Exception:
        pass
    site = [each for each in sys.path if each.endswith(("site-packages", "dist-packages"))]
    for folder in site:
        try:
            names = [name for name in os.listdir(folder) if name.endswith((".pth", ".egg-link"))]
        except OSError:
            continue
        for name in names:
            try:
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    found += [line.strip() for line in file if os.path.isabs(line.strip()) and os.path.isdir(line.strip())]
            except (OSError, UnicodeDecodeError):
                continue
    return sorted({os.path.realpath(each) for each in found})


class Check:
    def __init__(self):
        self.problems, self._seen, self._trees = [], set(), {}

    def problem(self, path, line, text):
        self.problems.append({"file": os.path.relpath(path) if path else "", "line": line or 0, "text": text})

    def parse(self, path):
        import ast

        try:
            with open(path, "rb") as file:
                tree = ast.parse(file.read(), path)
            compile(tree, path, "exec", dont_inherit=True)
            return tree
        except SyntaxError as error:
            self.problem(path, error.lineno, "SyntaxError: {}".format(error.msg))
        except (OSError, ValueError) as error:
            self.problem(path, 0, str(error))
        return None

    def file(self, path):
        """Compiles it and everything of the step's own that it imports; the tree of this one."""
        path = os.path.abspath(path)
        if path in self._seen:
            return None
        self._seen.add(path)
        tree = self.parse(path)
        if tree is not None:
            for node in guarded(tree):
                self.imported(path, node)
        return tree

    def imported(self, path, node):
        import ast

        if isinstance(node, ast.Import):
            for name in node.names:
                self.module(path, node.lineno, name.name)
        elif node.level == 0 and node.module:
            self.module(path, node.lineno, node.module)
            for name in node.names:  # a name may be a module of the package, or anything in it
                self.own(node.module + "." + name.name)
        elif node.level:
            folder = path
            for _ in range(node.level):
                folder = os.path.dirname(folder)
            module = self.find(folder, (node.module or "").split(".")) if node.module else folder
            if module is None:
                self.problem(path, node.lineno, "there is no module '{}{}'".format("." * node.level, node.module))
            elif os.path.isfile(module):
                self.file(module)

    def module(self, path, line, name):
        import importlib.util

        own = self.own(name)
        if own:
            return
        top = name.split(".")[0]
        if own is None and self.find(sys.path[0], [top]):  # a package of the step's own, without that module
            self.problem(path, line, "there is no module '{}'".format(name))
            return
        try:
            there = top in sys.builtin_module_names or importlib.util.find_spec(top) is not None
        except (ImportError, ValueError, AttributeError):
            there = top in sys.modules
        if not there:
            self.problem(path, line, "there is no module '{}' in {}".format(top, sys.executable))

    def own(self, name):
        found = self.find(sys.path[0], name.split("."))
        if found and os.path.isfile(found):
            self.file(found)
        return found

    @staticmethod
    def find(folder, parts):
        """The module's file, or the folder of a namespace package; None where there is none."""
        for number, part in enumerate(parts):
            folder = os.path.join(folder or ".", part)
            if number == len(parts) - 1 and os.path.isfile(folder + ".py"):
                return folder + ".py"
            if not os.path.isdir(folder):
                return None
        initial = os.path.join(folder, "__init__.py")
        if os.path.isfile(initial):
            return initial
        # An empty folder, or one of data, is no module.
        return folder if any(name.endswith(".py") for name in os.listdir(folder)) else None

    def arguments(self, tree, path, words):
        parser = Parser(tree)
        if not parser.visible:
            return
        known = dict(parser.options, **{"-h": None, "--help": None})
        passed = []
        for word in words:
            if word == "--":
                break
            name = word.split("=", 1)[0]
            if not is_option(name):
                continue
            match = [name] if name in known else [each for each in known if name.startswith("--") and each.startswith(name)]
            if not match and not name.startswith("--") and name[:2] in known:
                match = [name[:2]]  # -n5
            passed += match
            if not match and not parser.takes_all:
                import difflib

                near = difflib.get_close_matches(name, list(known), 1)
                hint = "; did you mean {}?".format(near[0]) if near else ""
                self.problem(path, parser.line, "the pipeline passes {}, which the script does not know{}".format(name, hint))
        for names, line in parser.required:
            if not set(names) & set(passed):
                self.problem(path, line, "{} is required, and the pipeline does not pass it".format(names[-1]))


def is_option(word):
    return len(word) > 1 and word[0] == "-" and (word[1].isalpha() or (word.startswith("--") and len(word) > 2))


class Parser:
    """What can be seen of a script's one ArgumentParser."""

    def __init__(self, tree):
        import ast

        self.options, self.required, self.line = {}, [], 0
        self.takes_all = False
        parsers, calls, parsed = 0, [], False
        dynamic = False
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name == "ArgumentParser":
                parsers += 1
                given = {each.arg for each in node.keywords}
                dynamic |= bool({"parents", "prefix_chars", "fromfile_prefix_chars"} & given) or None in given
            elif name == "add_argument":
                calls.append(node)
            elif name in ("add_subparsers", "add_mutually_exclusive_group", "set_defaults", "parse_args", "parse_known_args"):
                dynamic |= name == "add_subparsers" or (name.startswith("parse") and bool(node.args or node.keywords))
                parsed |= name.startswith("parse")
                self.takes_all |= name == "parse_known_args"
                if name.startswith("parse"):
                    self.line = node.lineno
        for call in calls:
            names = [getattr(each, "value", None) for each in call.args]
            given = {each.arg: each.value for each in call.keywords}
            if None in given or not all(isinstance(each, str) for each in names):
                dynamic = True
                continue
            options = [each for each in names if each.startswith("-")]
            for each in options:
                self.options[each] = call.lineno
            if getattr(getattr(given.get("action"), "func", given.get("action")), "attr", "") == "BooleanOptionalAction":
                self.options.update({"--no-" + each[2:]: call.lineno for each in options if each.startswith("--")})
            if options and getattr(given.get("required"), "value", False) is True:
                self.required.append((options, call.lineno))
        self.visible = parsers == 1 and parsed and not dynamic


def guarded(tree):
    """The imports that run whenever the module is imported: not those in a try, an if or a function."""
    import ast

    def walk(body):
        for node in body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                yield node
            elif isinstance(node, (ast.With, ast.ClassDef)):
                for each in walk(node.body):
                    yield each

    return walk(tree.body)


def check(words):
    import json

    look = Check()
    if words[0] == "-m":
        sys.path[0] = os.getcwd()
        path = Check.find(sys.path[0], words[1].split("."))
        if path and os.path.basename(path) == "__init__.py":
            path = os.path.join(os.path.dirname(path), "__main__.py")
        if not path:
            look.module("", 0, words[1])
    elif words[0] == "-c":
        path = None
    else:
        path = words[0]
        sys.path[0] = os.path.dirname(os.path.abspath(path))
        if not os.path.exists(path):
            look.problem(path, 0, "there is no such file in the step's code")
    if path and os.path.isfile(path):
        tree = look.file(path)
        if tree is not None:
            look.arguments(tree, path, words[2 if words[0] == "-m" else 1:])
    print(json.dumps({"problems": look.problems}))


def main():
    kind, words = sys.argv[1], sys.argv[2:]
    for at, word in enumerate(words):  # -mpkg is -m pkg
        if word[:2] in ("-m", "-c"):
            words[at : at + 1] = [word[:2], word[2:]] if len(word) > 2 else [word]
            break
        if kind != "wait" or at > 1:
            break
    if kind == "wait":
        wait(words[0], words[1], words[2:])
    elif kind == "pdb":
        post_mortem(words)
    elif kind == "probe":
        probe()
    else:
        check(words)


if __name__ == "__main__":
    main()
