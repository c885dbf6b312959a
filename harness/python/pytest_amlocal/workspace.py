"""A project of a test's own."""
import os
import pathlib
import shutil
import sys

from .steps import Step


class Workspace:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir()
        # What makes it a workspace, and its steps run with the tests' Python.
        self.write("amlocal.yml", "environments:\n  default: {}\n".format(sys.executable))

    def __fspath__(self):
        return str(self.path)

    def write(self, name, text):
        """A file of it, with folders on the way; returns its path."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def copy(self, source, name=""):
        """Copies a file, or what lies in a folder; `.amlocal` and the source's amlocal.yml are left out."""
        source, target = pathlib.Path(source), self.path / name
        if source.is_dir():
            for entry in source.iterdir():
                if entry.name not in (".amlocal", "amlocal.yml", "__pycache__", ".git"):
                    self.copy(entry, os.path.join(name, entry.name))
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(str(source), str(target))
        return target

    def step(self, file, name=None):
        return Step(file, name, str(self.path))
