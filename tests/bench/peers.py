#!/usr/bin/env python3
"""Installs the programs that amlocal is measured beside, each in a virtual environment of its own.

    peers.py FOLDER [NAME...]

FOLDER is the build folder's bench-peers. What is there already stays. Needs the package index that
pip is set up with; a peer that cannot be installed is named with pip's reason, here and in its row of
bench.py's table.
"""

import pathlib
import subprocess
import sys

PEERS = {"kfp": "kfp==2.17.3", "snakemake": "snakemake==9.27.1", "dvc": "dvc==3.67.1",
         "mlflow": "mlflow==3.17.2",
         "azureml": "azureml-core==1.61.0.post4",
         "pytest": "pytest pytest-xdist"}  # Python 3.8 to 3.11


def install(folder, name):
    """'' or why not. The mark is written last: half an environment is made anew."""
    requirement, mark = PEERS[name], folder / name / "installed"
    if mark.exists() and mark.read_text() == requirement:
        return ""
    for command in ([sys.executable, "-m", "venv", "--clear", folder / name],
                    [folder / name / "bin/pip", "install", "-q", *requirement.split()]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            reason = next(iter((done.stderr or done.stdout).strip().splitlines()[-1:]), "no reason given")
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "why-not").write_text(reason)
            return reason
    mark.write_text(requirement)
    return ""


def main(arguments):
    folder, names = pathlib.Path(arguments[0]), arguments[1:] or list(PEERS)
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in names:
        reason = install(folder, name)
        failed += bool(reason)
        print(f"{name}: {reason or 'ready (' + PEERS[name] + ')'}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or set(sys.argv[2:]) - set(PEERS):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
