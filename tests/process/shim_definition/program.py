"""Stands for amlocal: `gateway` is the test's own, `run` and `validate` are the real program's.

It hands the test the events that `run --json` prints. What the real program does not know of yet is taken out of the
job (`v1`).
"""
import json
import os
import signal
import subprocess
import sys


def without_v1(value):
    if isinstance(value, dict):
        return {key: without_v1(each) for key, each in value.items() if key != "v1"}
    return [without_v1(each) for each in value] if isinstance(value, list) else value


def gateway():
    print(json.dumps({"endpoint": os.environ["TEST_ENDPOINT"], "token": os.environ["TEST_TOKEN"]}), flush=True)
    sys.stdin.read()


def run(arguments):
    file, name = arguments[1], arguments[arguments.index("--name") + 1]
    with open(file, encoding="utf-8") as opened:
        job = json.load(opened)
    plain = os.path.join(os.path.dirname(file), "plain-" + os.path.basename(file))
    with open(plain, "w", encoding="utf-8") as opened:
        json.dump(without_v1(job), opened, ensure_ascii=False)
    command = [os.environ["TEST_AMLOCAL"], "run", plain] + arguments[2:]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, universal_newlines=True)
    signal.signal(signal.SIGINT, lambda number, frame: child.send_signal(number))
    with open(os.path.join(os.environ["TEST_EVENTS"], name), "w", encoding="utf-8") as events:
        for line in child.stdout:
            events.write(line)
            events.flush()
            sys.stdout.write(line)
            sys.stdout.flush()
    return child.wait()


if sys.argv[1] == "gateway":
    gateway()
elif sys.argv[1] == "run":
    sys.exit(run(sys.argv[1:]))
else:
    sys.exit(subprocess.call([os.environ["TEST_AMLOCAL"]] + sys.argv[1:]))
