"""A Python of this machine that has given packages, for tests of what those packages do with amlocal."""

import functools
import glob
import os
import subprocess
import sys


def python_with(*modules):
    """Its path, or None."""
    return next(iter(pythons_with(*modules)), None)


@functools.lru_cache(maxsize=None)
def pythons_with(*modules):
    """All their paths. AMLOCAL_TEST_PYTHONS (paths, a colon between) is looked at first, then this Python and pyenv's."""
    given = [path for path in os.environ.get("AMLOCAL_TEST_PYTHONS", "").split(":") if path]
    pyenv = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python")), reverse=True)
    looking = "import importlib.util, sys; sys.exit(not all(importlib.util.find_spec(name) for name in sys.argv[1:]))"
    return [path for path in [*given, sys.executable, *pyenv]
            if subprocess.run([path, "-c", looking, *modules], stderr=subprocess.DEVNULL).returncode == 0]
