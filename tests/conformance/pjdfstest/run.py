#!/usr/bin/env python3
"""Runs pjdfstest and fsx in a folder and compares what fails with a list.

    run.py FOLDER --list ideal.txt --tools TOOLS [--secondary FOLDER] 
           [--operations 100000] [--seed N] [--without punch_hole,...] [--accept]

FOLDER lies on the file system under test; run it as root (many cases change their user). TOOLS is
what `setup` made. --secondary is a folder of another file system, for the cases of EXDEV. --without
names operations of fsx.toml that the file system is right to refuse.

A list has a line for each case that fails, its name and the reason:

    link::link_count_max   no limit is known for this file system

Exit status: 0 where exactly the listed cases fail and fsx finds no difference; 1 for a failure that
is not listed, a listed case that passes or is gone, or a mismatch; 2 where nothing could be run.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CASE = re.compile(r"^(\S+)\s+(ok|FAILED|skipped|expected failure)\s*$")

# naptime: longer than a tick of the kernel's coarse clock (4 ms at 250 Hz), which stamps files.
SETTINGS = """
[features]
posix_fallocate = {{}}
rename_ctime = {{}}
utime_now = {{}}
utimensat = {{}}
[settings]
naptime = 0.02
allow_remount = false
[dummy_auth]
entries = [["{0}", "{1}"], ["{2}", "{3}"]]
"""


def dummy_users():
    """Two users without rights, with their groups."""
    import grp
    import pwd

    found = []
    for name in ("nobody", "daemon"):
        user = pwd.getpwnam(name)
        found += [name, grp.getgrgid(user.pw_gid).gr_name]
    return found


def read_list(path):
    listed = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, reason = line.partition(" ")
        if not reason.strip():
            sys.exit(f"{path}:{number}: '{name}' has no reason")
        listed[name] = reason.strip()
    return listed


def write_list(path, failed, listed):
    head = [line for line in path.read_text().splitlines() if line.startswith("#")] if path.exists() else []
    width = max((len(name) for name in failed), default=0) + 2
    rows = [f"{name:<{width}}{listed.get(name, 'REASON MISSING: ' + failed[name])}" for name in sorted(failed)]
    path.write_text("\n".join(head + rows) + "\n")


def results(output):
    """Case -> (its result, the first line of its explanation)."""
    found = {}
    lines = output.splitlines()
    for at, line in enumerate(lines):
        match = CASE.match(line)
        if match:
            after = lines[at + 1].strip() if at + 1 < len(lines) and lines[at + 1].startswith("\t") else ""
            found[match.group(1)] = (match.group(2), after)
    return found


def run_cases(folder, tools, secondary, only=None):
    with tempfile.TemporaryDirectory() as scratch:
        settings = pathlib.Path(scratch) / "pjdfstest.toml"
        settings.write_text(SETTINGS.format(*dummy_users()))
        command = [tools / "bin" / "pjdfstest", "-c", settings, "-p", folder]
        command += ["-s", secondary] if secondary else []
        command += [only] if only else []  # its -e knows no parameters (x::fifo)
        ended = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=1200, umask=0o022
        )
    found = results(ended.stdout)
    if not found or (not only and len(found) < 100):
        print(ended.stdout[-2000:], ended.stderr[-2000:], file=sys.stderr)
        sys.exit(2)
    return found


def compare(found, listed, run_again):
    failed = {name: why for name, (result, why) in found.items() if result == "FAILED"}
    # A case that compares times can stumble over a busy machine: a new failure must happen twice.
    for name in [name for name in failed if name not in listed]:
        if run_again(name):
            del failed[name]
            print(f"passed when run again: {name}")
    new = {name: why for name, why in failed.items() if name not in listed}
    lost = [name for name in listed if name not in failed]
    return failed, new, lost


def run_fsx(folder, tools, operations, seed, without):
    """Whether fsx finds the file as it left it, and what it says. A failing file and its log are kept."""
    kept = pathlib.Path(tempfile.mkdtemp(prefix="fsx-"))
    settings = kept / "fsx.toml"
    text = (HERE / "fsx.toml").read_text()
    for name in without:
        text, found = re.subn(rf"^{name} = .*$", f"{name} = 0", text, flags=re.M)
        if not found:
            sys.exit(f"--without: fsx.toml has no operation '{name}'")
    settings.write_text(text)
    command = [tools / "bin" / "fsx", "-f", settings, "-N", str(operations), "-q", "-P", kept]
    if seed is not None:
        command += ["-S", str(seed)]
    name = folder / "file.fsx"
    ended = subprocess.run(command + [name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=3600)
    if ended.returncode == 0:
        shutil.rmtree(kept)
        name.unlink()
        return True, f"{operations:,} operations without a mismatch"
    return False, f"mismatch; kept in {kept}\n{ended.stdout[-3000:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--list", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--secondary", type=pathlib.Path)
    parser.add_argument("--operations", type=int, default=100_000, help="of fsx; 0 leaves it out")
    parser.add_argument("--seed", type=int, help="of fsx")
    parser.add_argument("--without", default="", help="operations of fsx, divided by commas")
    parser.add_argument("--accept", action="store_true", help="write the list; never ends well")
    args = parser.parse_args()
    listed = read_list(args.list) if args.list.exists() else {}

    found = run_cases(args.folder, args.tools, args.secondary)

    def again(name):
        return run_cases(args.folder, args.tools, args.secondary, name).get(name, ("",))[0] == "ok"

    failed, new, lost = compare(found, listed, again)
    counts = {word: sum(result == word for result, _ in found.values()) for word in ("ok", "skipped")}
    print(f"pjdfstest: {len(found)} cases, {counts['ok']} ok, {len(failed)} failed ({len(listed)} listed), "
          f"{counts['skipped']} skipped")
    for name in sorted(name for name, (result, _) in found.items() if result == "skipped"):
        print(f"  skipped {name}: {found[name][1]}")
    for name, why in sorted(new.items()):
        print(f"  NEW   {name}: {why}")
    for name in sorted(lost):
        state = found.get(name, ("gone from pjdfstest", ""))[0]
        print(f"  LOST  {name}: {state}, take it off {args.list.name} (was: {listed[name]})")
    if args.accept:
        write_list(args.list, failed, listed)
        print(f"accepted: wrote {args.list}; give each line its reason, then run without --accept")
        return 1

    well = True
    if args.operations:
        well, text = run_fsx(args.folder, args.tools, args.operations, args.seed, [name for name in args.without.split(",") if name])
        print(f"fsx: {text}")
    return 0 if well and not new and not lost else 1


sys.exit(main())
