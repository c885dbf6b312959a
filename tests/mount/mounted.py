#!/usr/bin/env python3
"""Runs a command on a fresh mount of the mount program and takes the mount away again.

    mounted.py PROGRAM PROFILE COMMAND...     in COMMAND, {mount} is the mount, {source} the store's folder behind
                                              it, {plain} a local folder, {record} the mount's record

Exit status: the command's; 1 where the mount ends badly or leaves something unsent; 77 (skipped) where
this machine cannot mount at all.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

SERVE = pathlib.Path(__file__).resolve().parent.parent / "support" / "serve_mount.py"


def main():
    program, profile, *command = sys.argv[1:]
    if not os.path.exists("/dev/fuse"):
        print("skipped: no /dev/fuse here")
        return 77
    folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-mounted-"))
    places = {name: folder / name for name in ("source", "mount", "plain")}
    for place in places.values():
        place.mkdir()
    places["record"] = folder / "record"
    recorded = ["--record", places["record"]] if "{record}" in command else []
    server = subprocess.Popen(
        [sys.executable, SERVE, program, places["source"], places["mount"], "--profile", profile, *recorded],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if server.stdout.readline() != "ready\n":
            print("the mount did not come up:", server.stderr.read())
            return 1
        status = subprocess.run([word.format(**places) for word in command]).returncode
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
        _, said = server.communicate(timeout=60)
        left = os.path.ismount(places["mount"])
        if not left:
            shutil.rmtree(folder)
    if server.returncode or left:
        print(f"the mount ended with {server.returncode}{', still mounted' if left else ''}:\n{said}")
        return 1
    return status


sys.exit(main())
