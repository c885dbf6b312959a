"""Makes the wheel of programs that are built already, and prints its path.

usage: make_wheel.py FOLDER PROGRAMS      (in the repository; its Python has meson-python)

meson-python takes all that lies in a package beside native code for an extension of this one Python.
Nothing here is linked to Python, so that the wheel is said to be for any.
"""
import base64
import hashlib
import os
import pathlib
import sys
import tempfile
import zipfile


def for_any_python(wheel, folder):
    """The same wheel with the tag py3-none-PLATFORM."""
    with zipfile.ZipFile(wheel) as before:
        (name,) = (each for each in before.namelist() if each.endswith(".dist-info/WHEEL"))
        text = before.read(name).decode()
        tag = next(line for line in text.splitlines() if line.startswith("Tag: "))[5:]
        mine = "py3-none-" + tag.split("-")[2]
        text = text.replace("Tag: " + tag, "Tag: " + mine)
        record = name[:-len("WHEEL")] + "RECORD"
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines = [f"{name},sha256={digest},{len(text.encode())}" if line.startswith(name + ",") else line
                 for line in before.read(record).decode().splitlines()]
        changed = {name: text, record: "\n".join(lines) + "\n"}
        target = folder / wheel.name.replace(tag, mine)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
            for entry in before.infolist():
                after.writestr(entry, changed.get(entry.filename) or before.read(entry), zipfile.ZIP_DEFLATED)
    return target


def main(folder, programs):
    import mesonpy

    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"setup-args": ["-Dprebuilt=" + os.path.abspath(programs)]}
    with tempfile.TemporaryDirectory() as scratch:
        # What Meson and Ninja say goes to stderr: stdout is for the path.
        own = os.dup(1)
        os.dup2(2, 1)
        name = mesonpy.build_wheel(scratch, settings)
        sys.stdout.flush()
        os.dup2(own, 1)
        print(for_any_python(pathlib.Path(scratch) / name, folder))


main(*sys.argv[1:])
