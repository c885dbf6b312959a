"""A run that this process has started: `amlocal run FILE.json --name ID --json` as a child, and what it tells.

The events are those of docs/schemas/events.json. A run outlives the script's own errors, but not the script: when the
script ends, it waits for its runs; Ctrl-C at that moment, or an end by Ctrl-C, stops them.
"""
import json
import os
import subprocess
import sys
import threading

FINAL = ("Completed", "Failed", "Canceled")
_running = {}  # run's id → Running


class Step:
    """What is known of one step. `status` is Running, one of FINAL, Skipped or Reused."""

    def __init__(self, key):
        self.key, self.id, self.log = key, None, None
        self.status, self.exit_code, self.failure, self.reason, self.from_run = "NotStarted", None, None, None, None
        self.outputs = {}  # name → the event output_published

    @property
    def ended(self):
        return self.status not in ("NotStarted", "Running")


class Running:
    def __init__(self, run_id, command, environment=None):
        self.id, self.status, self.steps, self.order = run_id, "NotStarted", {}, []
        self.notices, self.outputs, self.registered = [], [], []
        self._changed = threading.Condition()
        self._errors = []
        # In a session of its own: Ctrl-C in a notebook interrupts the cell, not the run.
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=self._read_events, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    # -- what the child says ------------------------------------------------------------------------
    def _read_events(self):
        for line in self._child.stdout:
            try:
                event = json.loads(line.decode("utf-8", "replace"))
            except ValueError:
                self._errors.append(line.decode("utf-8", "replace"))
                continue
            with self._changed:
                self._take(event)
                self._changed.notify_all()
        self._child.wait()
        self._readers[1].join()
        self._child.stdout.close()
        with self._changed:
            if self.status not in FINAL:  # refused before it began, or killed
                self.status = "Canceled" if self._child.returncode == 130 else "Failed"
            self._changed.notify_all()

    def _read_errors(self):
        for line in self._child.stderr:
            self._errors.append(line.decode("utf-8", "replace"))
        self._child.stderr.close()

    def _take(self, event):
        kind = event.get("event")
        if kind == "run_started":
            self.status = "Running"
            self.order = list(event.get("steps") or [])
            for key in self.order:
                self.steps.setdefault(key, Step(key))
        elif kind == "run_ended":
            self.status, self.outputs = event["status"], event.get("outputs") or []
        elif kind == "notice":
            self.notices.append(event)
        elif kind == "asset_registered":
            self.registered.append(event)
        elif kind in ("step_started", "output_published", "step_ended", "step_passed_over"):
            self._take_step(kind, event)

    def _take_step(self, kind, event):
        step = self.steps.setdefault(event["step"], Step(event["step"]))
        if kind == "step_started":
            step.status, step.id, step.log = "Running", event.get("id"), event.get("log")
        elif kind == "output_published":
            step.outputs[event["output"]] = event
        else:
            step.status = event["status"]
            step.exit_code, step.failure = event.get("exit_code"), event.get("failure")
            step.reason, step.from_run = event.get("reason"), event.get("from_run")

    # -- waiting --------------------------------------------------------------------------------------
    @property
    def ended(self):
        return self.status in FINAL

    def wait_until(self, condition, seconds=None):
        """Whether `condition()` has come true, in at most `seconds`."""
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def wait_for_start(self):
        """Returns when the run has begun or was refused: then its error's text, else None."""
        self.wait_until(lambda: self.status != "NotStarted")
        return self.errors() if self.status == "Failed" and not self.order else None

    def errors(self):
        return "".join(self._errors).strip()

    def cancel(self):
        """Asks amlocal to stop; the run is Canceled when it has."""
        import signal

        if self._child.poll() is None:
            self._child.send_signal(signal.SIGINT)

    def join(self):
        """Waits for the child's end."""
        self.wait_until(lambda: self.ended)
        self._child.wait()


class Collected(Running):
    """In a run's place where a definition is only read (AMLOCAL_COLLECT): it has ended well and made nothing."""

    def __init__(self, run_id):
        self.id, self.status, self.steps, self.order = run_id, "Completed", {}, []
        self.notices, self.outputs, self.registered = [], [], []
        self._changed, self._errors = threading.Condition(), []

    def cancel(self):
        pass

    join = cancel


def start(run_id, file, arguments=(), environment=None):
    """Starts a run of a job's file. Raises where there is no amlocal."""
    from azureml import _client

    if os.environ.get("AMLOCAL_COLLECT"):
        _running[run_id] = Collected(run_id)
        return _running[run_id]

    program = _client.program()
    if not program:
        from azureml.exceptions import UserErrorException

        raise UserErrorException(
            "Nothing can be run: amlocal was not found. Run the script with `amlocal run SCRIPT.py`, put amlocal into "
            "PATH, or name it in AMLOCAL_PROGRAM."
        )
    if not _running:
        import atexit

        atexit.register(_at_exit)
    # What the user gave `amlocal run SCRIPT.py`.
    given = json.loads(os.environ.get("AMLOCAL_RUN_OPTIONS") or "[]")
    command = [program, "run", file, "--name", run_id, "--json"] + given + list(arguments)
    running = _running[run_id] = Running(run_id, command, environment)
    return running


def find(run_id):
    """The run of that id if this process has started it, or None."""
    return _running.get(run_id)


def is_collected(run_id):
    """Whether it stands for a run of a definition that is only read: there is nothing to wait for."""
    return isinstance(find(run_id), Collected)


def failure_of(run_id):
    """Why a run that this process started has failed, in the service's shape where a step told it so; else None."""
    running = find(run_id)
    for step in list(running.steps.values()) if running is not None else ():
        if step.failure:
            try:
                return json.loads(step.failure.get("json") or "")
            except ValueError:
                return step.failure.get("json") or step.failure.get("summary")
    return (running.errors() or None) if running is not None else None


def _at_exit():
    live = [each for each in _running.values() if not each.ended]
    interrupted = getattr(sys, "last_type", None) is KeyboardInterrupt
    try:
        if live and not interrupted:
            names = ", ".join(each.id for each in live)
            sys.stderr.write("waiting for {} (Ctrl-C stops it)\n".format(names))
            for each in live:
                each.join()
            for each in live:
                sys.stderr.write("{}: {}\n".format(each.id, each.status))
    except KeyboardInterrupt:
        interrupted = True
    if interrupted:
        for each in live:
            each.cancel()
        for each in live:
            each.join()
