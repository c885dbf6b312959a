"""Sums up meson's testlog.json: what was skipped, how many cases, and "N passed, N failed" last.

The status is 0 only if something ran and nothing failed. With CI=true a skipped test has failed,
unless its reason begins with "needs WORD" (root, fuse, network, cgroup, zsh, fish, or a package that is in no
distribution) and CI_HAS, the list of what the machine has, is without that word.
"""

import json
import os
import pathlib
import re
import sys

MAY_LACK = ("root", "fuse", "network", "cgroup", "zsh", "fish",
            # From PyPI: AMLOCAL_TEST_PYTHONS names interpreters that have them.
            "azure-ai-ml", "azureml-core", "debugpy", "mlflow", "mltable", "nbclient",
            # In distributions, but not needed to build or run.
            "meson-python")
PASSED = {"OK", "EXPECTEDFAIL"}
CASES = (
    re.compile(r"test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed"),  # doctest
    re.compile(r"^cases: (\d+) passed, (\d+) failed", re.M),  # our own runners
    re.compile(r"^Ran (\d+) tests? in", re.M),  # unittest
)


def main(path):
    log = pathlib.Path(path)
    tests = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    strict = os.environ.get("CI") == "true"
    has = os.environ.get("CI_HAS", "root fuse network").split()
    passed = failed = cases = 0
    for test in tests:
        output = re.sub(r"\x1b\[[0-9;]*m", "", test.get("stdout", "") + test.get("stderr", ""))
        for pattern in CASES:
            cases += sum(int(number) for found in pattern.findall(output)
                         for number in ([found] if isinstance(found, str) else found))
        if test["result"] in PASSED:
            passed += 1
        elif test["result"] == "SKIP":
            reason = next(iter(output.strip().splitlines()[-1:]), "no reason given")
            print(f"skipped: {test['name']}: {reason}")
            needs = re.match(r"needs ([\w-]+)", reason)
            failed += strict and not (needs and needs[1] in MAY_LACK and needs[1] not in has)
        else:
            print(f"failed: {test['name']} ({test['result'].lower()})")
            failed += 1
    if cases:
        print(f"{cases} cases in {len(tests)} tests")
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


sys.exit(main(sys.argv[1]))
