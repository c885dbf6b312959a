"""The program amlocal, found and called."""
import functools
import os
import shutil
import subprocess
import sys

from . import __version__
from .errors import StepError
from .errors import hidden as __tracebackhide__  # noqa: F401


def find():
    """Its path: as amlocal.program() finds it, which cannot be imported without taking effect."""
    named = os.environ.get("AMLOCAL_PROGRAM")
    if named:
        return named
    packages = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    own = os.path.join(packages, "amlocal", "bin", "amlocal")
    found = own if os.path.isfile(own) else shutil.which("amlocal")
    if not found:
        raise StepError(
            "amlocal was not found: put it into PATH, name it in AMLOCAL_PROGRAM, or install it with its program: "
            "{} -m pip install --force-reinstall amlocal".format(sys.executable))
    return found


@functools.lru_cache(maxsize=None)
def check_version(program):
    said = _start([program, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).communicate()[0]
    words = said.decode(errors="replace").split()
    if words == ["amlocal", __version__]:
        return
    raise StepError("The Python package amlocal is version {}, but the program {} {}. {}".format(
        __version__, program, "is version " + words[1] if words[:1] == ["amlocal"] and len(words) == 2
        else "does not say which it is",
        "Unset AMLOCAL_PROGRAM, which names it." if os.environ.get("AMLOCAL_PROGRAM")
        else "Install both as one: {} -m pip install --force-reinstall amlocal".format(sys.executable)))


def call(words, folder, timeout=None):
    """(status, stdout, stderr), as text."""
    program = find()
    check_version(program)
    environment = dict(os.environ)
    if sys.executable:
        # The tests' own Python is the steps', where the project does not name one; `import amlocal` says the same.
        environment.setdefault("AMLOCAL_PYTHON", sys.executable)
    child = _start([program] + words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE)
    try:
        out, err = child.communicate(timeout=timeout)
    except BaseException:  # a time-out, Ctrl-C: the step is ended, too
        child.terminate()
        try:
            child.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
        raise
    return child.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def _start(words, **how):
    try:
        return subprocess.Popen(words, **how)
    except OSError as error:
        raise StepError("{} cannot be started: {}".format(words[0], error.strerror)) from None
