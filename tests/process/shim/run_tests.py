#!/usr/bin/env python3
"""Runs the shim's tests in every Python that it is for: this one, and pyenv's 3.8, 3.10 and 3.13 where there are.

    run_tests.py [FOLDER] [NAME…]   FOLDER: where the tests are, this one without; NAME: metrics_test, …, all without
"""
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VERSIONS = ("3.8", "3.10", "3.13")


def interpreters():
    yield sys.executable
    for version in VERSIONS:
        found = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/{}.*/bin/python".format(version))))
        if found:
            yield found[-1]
        else:
            print("not tested in Python {}: pyenv has none here".format(version))


def main(names):
    folder = names.pop(0) if names and os.path.isdir(names[0]) else HERE
    names = names or sorted(os.path.basename(file)[:-3] for file in glob.glob(os.path.join(folder, "*_test.py")))
    failed = 0
    for python in interpreters():
        print("== {}".format(python), flush=True)
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        failed |= subprocess.call([python, "-W", "error::SyntaxWarning", "-m", "unittest"] + names, cwd=folder, env=environment)
    return 1 if failed else 0


sys.exit(main(sys.argv[1:]))
