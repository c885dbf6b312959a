#!/usr/bin/env python3
"""Serves a folder through the mount program, without amlocal: for conformance tests and benchmarks.

    serve_mount.py PROGRAM SOURCE MOUNT [--profile ideal] [--read-only] [--record FOLDER]

PROGRAM is build/amlocal-mount. Prints "ready" when MOUNT is there and serves until SIGTERM or SIGINT,
or until somebody unmounts it; then sends what is unsent. Exit status 1 where something stayed unsent.
"""
import argparse
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import tempfile


def lines_of(channel):
    buffer = b""
    while True:
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            yield line.decode()
        part = channel.recv(65536)
        if not part:
            return
        buffer += part


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("mount", type=pathlib.Path)
    parser.add_argument("--profile", default="ideal")
    parser.add_argument("--read-only", action="store_true")
    parser.add_argument("--record", type=pathlib.Path, help="a folder to be made: the ledger")
    args = parser.parse_args()

    # The wake-up pipe tells the loop below of a signal: nothing is lost between a test and a wait.
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)

    with tempfile.TemporaryDirectory(prefix="serve-mount-") as scratch:
        session = {
            "name": "outputs.test",
            "point": str(args.mount.resolve()),
            "root": str(args.source.resolve()),
            "profile": args.profile,
            "read_only": args.read_only,
            "cache": scratch + "/cache",
            "unsent": scratch + "/unsent",
            "intents": scratch + "/intents",
        }
        order = {
            "version": 1,
            "sessions": [session],
            "ledger": str(args.record.resolve()) if args.record else "",
            "log": scratch + "/log",
            "for_others": os.geteuid() == 0,
        }
        ours, theirs = socket.socketpair()
        process = subprocess.Popen(
            [args.program.resolve(), "--control", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        ours.sendall(json.dumps(order).encode() + b"\n")
        answers = lines_of(ours)
        answer = next(answers, "nothing: the mount process died")
        if not answer.startswith("ready"):
            print(answer, file=sys.stderr)
            return 1
        print("ready", flush=True)
        while process.poll() is None and os.path.ismount(args.mount):
            readable, _, _ = select.select([woken, ours], [], [], 0.2)
            if readable:
                break
        try:
            ours.sendall(b"finish\n")
            answer = next(answers, "")
        except OSError:
            answer = ""
        ours.close()
        process.wait()
        try:
            with open(scratch + "/log") as log:
                sys.stderr.write(log.read())
        except FileNotFoundError:
            pass
        print(answer, file=sys.stderr)
        return 0 if answer.startswith("finished") and '"unsent":[]' in answer.replace(" ", "") else 1


sys.exit(main())
