#!/usr/bin/env python3
"""Golden tests: a folder dropped in is a test.

    run.py AMLOCAL [VERB[/CASE] ...]

A case is tests/golden/VERB/CASE with

    cmd       one line for bash; `amlocal` in it is the program under test
    in/       (optional) copied to the folder in which cmd runs; `@FIXTURES@` in cmd is fixtures/
    out.exp   what stdout must be (absent: empty)
    err.exp   what stderr must be (absent: empty)
    exit      the exit status (absent: 0)

Before it is compared, output is made the same on every machine and at every hour:

    the case's folder                        $DIR
    the fixtures' folder                     $FIXTURES
    adjective_noun_xxxxxxxxxx                $RUN    (a run's generated name, as it first appears,
                                                     and in every later place)
    8-4-4-4-12 hexadecimal digits            $UUID
    2026-01-31 12:34[:56[.789]][Z]           $TIME   (with a blank or a T)
    1.2 s, 850 ms, 1 m 05 s, 2m 03s, 0:01    $SPAN
    12 kB, 3.4 MiB, 7 bytes                  $SIZE
    sha256:… and 16 to 64 hexadecimal digits $HASH
    Python 3.11.2                            Python $VERSION
    runs of blanks within a line             one blank (columns follow the widths of the above)

Where a run says that the machine has no mounts, that note, those of inputs that are copies, and the
sizes of what came in are left out on both sides, and nothing is accepted. In CI that says it has FUSE
(CI_HAS) they are compared.

AMLOCAL_ACCEPT=1 writes what came out as what is expected, says "accepted" and fails: accepting is
never green, and with CI=true it is refused. A case that fails keeps its folder and prints the path.
Cases of `mount` need /dev/fuse; where it cannot be opened they are left out, and a test of them alone
is skipped. The last line is "cases: N passed, N failed". The standard library is all this needs.
"""

import difflib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent.parent / "fixtures"
DEADLINE_S = 120

NORMALISATIONS = (
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "$UUID"),
    (r"\b[a-z]+_[a-z]+_[0-9a-z]{10}\b", "$RUN"),
    (r"\b(sha256:|xxh\w*:)?(?=[0-9a-f]*\d)[0-9a-f]{16,64}\b", "$HASH"),
    (r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", "$TIME"),
    (r"(?<![\w.])\d+ ?(h|m|min) ?\d\d? ?(m|min|s)\b", "$SPAN"),
    (r"(?<![\w.])\d+(\.\d+)? ?(ms|s|min|h)\b", "$SPAN"),
    (r"(?<![\w.:])\d+:\d\d(:\d\d)?\b(?!:)", "$SPAN"),
    (r"(?<![\w.])\d+(\.\d+)? ?([kKMGT]i?B|bytes|byte|B)\b", "$SIZE"),
    (r"\bPython \d+\.\d+(\.\d+)?", "Python $VERSION"),
    # The step's folder, as the command sees it where the machine can show the cloud's path, and elsewhere.
    (r"(\$DIR/\.amlocal/runs/[^/\s]+/steps/[\w./-]+?|/mnt/azureml/cr/j/\$HASH)/(?=exe/wd|cap/data)", "$STEP/"),
    (r"(?<=\S)[ \t]{2,}", " "),
    (r"[ \t]+$", ""),
)

NEED_FUSE = {"mount"}
NO_MOUNTS = "note: no mounts on this machine "
WITHOUT_MOUNTS = (
    (rf"^{NO_MOUNTS}.*\n", ""),
    (r"^note: .* is a copy: this machine allows no read-only views\n", ""),
    (r"^(.* peak \$SIZE) in \$SIZE", r"\1"),
)


def normalise(text, folder):
    for path, name in ((str(folder), "$DIR"), (str(FIXTURES), "$FIXTURES")):
        text = text.replace(path, name)
    for pattern, name in NORMALISATIONS:
        text = re.sub(pattern, name, text, flags=re.M)
    return text


def run_case(amlocal, case, folder):
    """Runs the case in the folder; returns {name of the expectation: what came out}."""
    work = folder / "work"
    if (case / "in").is_dir():
        shutil.copytree(case / "in", work, symlinks=True)
    else:
        work.mkdir()
    tools = folder / "tools"
    tools.mkdir()
    (tools / "amlocal").symlink_to(amlocal)
    home = folder / "home"
    home.mkdir()
    environment = {
        "PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        # git must not take a repository above the temporary folder for the workspace
        "GIT_CEILING_DIRECTORIES": str(folder),
    }
    for name in ("AMLOCAL_SUPERVISOR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
        if name in os.environ:
            environment[name] = os.environ[name]
    command = (case / "cmd").read_text().strip().replace("@FIXTURES@", str(FIXTURES))
    with open(folder / "stdout", "wb") as out, open(folder / "stderr", "wb") as err:
        child = subprocess.Popen(
            ["bash", "-c", command], cwd=work, env=environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=out, stderr=err,
        )
        try:
            status = child.wait(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            status = f"still running after {DEADLINE_S} s"
    text = {name: (folder / name).read_bytes().decode(errors="replace") for name in ("stdout", "stderr")}
    return {
        "out.exp": normalise(text["stdout"], work),
        "err.exp": normalise(text["stderr"], work),
        "exit": f"{status}\n",
    }


def expected(case, name):
    path = case / name
    if path.exists():
        return path.read_text()
    return "0\n" if name == "exit" else ""


def without_mounts(text):
    for pattern, name in WITHOUT_MOUNTS:
        text = re.sub(pattern, name, text, flags=re.M)
    return text


def accept(case, came):
    for name, text in came.items():
        path = case / name
        if text == ("0\n" if name == "exit" else ""):
            path.unlink(missing_ok=True)
        else:
            path.write_text(text)


def main(arguments):
    if not arguments:
        sys.exit("usage: run.py AMLOCAL [VERB[/CASE] ...]")
    amlocal = pathlib.Path(arguments[0]).resolve()
    accepting = os.environ.get("AMLOCAL_ACCEPT") == "1"
    if accepting and os.environ.get("CI") == "true":
        sys.exit("AMLOCAL_ACCEPT=1 is refused in CI: accept on your machine and commit the change")

    cases = sorted(path.parent for path in HERE.glob("*/*/cmd"))
    if arguments[1:]:
        wanted = [name.strip("/") for name in arguments[1:]]
        cases = [case for case in cases
                 if {case.relative_to(HERE).as_posix(), case.parent.name} & set(wanted)]
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        able = [case for case in cases if case.parent.name not in NEED_FUSE]
        if cases and not able:
            print("needs fuse: /dev/fuse cannot be opened")
            return 77
        cases = able
    passed = failed = accepted = 0
    for case in cases:
        name = case.relative_to(HERE).as_posix()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-golden-")).resolve()
        came = run_case(amlocal, case, folder)
        should = {key: expected(case, key) for key in came}
        no_mounts = NO_MOUNTS in came["out.exp"] and "fuse" not in os.environ.get("CI_HAS", "").split()
        if no_mounts:
            came = {key: without_mounts(text) for key, text in came.items()}
            should = {key: without_mounts(text) for key, text in should.items()}
        wrong = [key for key in came if came[key] != should[key]]
        if not wrong:
            passed += 1
            shutil.rmtree(folder)
        elif accepting and not no_mounts:
            accept(case, came)
            accepted += 1
            print(f"accepted: {name}: {', '.join(wrong)}")
            shutil.rmtree(folder)
        else:
            failed += 1
            print(f"failed: {name}: {', '.join(wrong)}")
            for key in wrong:
                sys.stdout.writelines(
                    line if line.endswith("\n") else line + "\n"
                    for line in difflib.unified_diff(
                        should[key].splitlines(True), came[key].splitlines(True),
                        f"{name}/{key}", "came out"))
            print(f"its folder is kept: {folder}")
    if accepted:
        print(f"accepted: {accepted}; look at the change, then run again without AMLOCAL_ACCEPT")
    print(f"cases: {passed} passed, {failed} failed")
    return 0 if cases and not failed and not accepted else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
