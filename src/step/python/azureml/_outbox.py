"""What a script logs, on its way to the gateway: a queue, and a thread that sends what is in it.

put() costs a microsecond and never waits for the gateway. When the gateway does not answer, what is in
the queue is appended to AMLOCAL_TRACKING_FALLBACK, one request a line, which amlocal takes in after the
step; one line on stderr says so. A forked child has a queue of its own.
"""
import os
import sys
import time
from _collections import deque  # the same without the 10 ms that collections takes

GATHER_SECONDS = 0.02  # what comes within this time travels together
BATCH_POINTS = 1000
BATCH_BYTES = 4 << 20
CHUNK = 50  # points encoded in one go: the script's thread waits for the interpreter no longer
FULL = 100_000  # from here on put() gives the thread half a millisecond
ANSWER_SECONDS = 10
SILENT_SECONDS = 5  # how long a gateway that did not answer is not asked again
EXIT_SECONDS = 60
FORK_SECONDS = 1


class Outbox:
    """`client` makes the Client when it is needed."""

    def __init__(self, client):
        self._client = client
        self._said = set()
        self._silent_until = 0
        self._limits = None
        self._reset()
        import atexit

        atexit.register(self.flush, EXIT_SECONDS)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before_fork, after_in_child=self._reset)

    def _reset(self):
        import threading

        self._items = deque()
        self._sending = threading.Lock()
        self._wake = threading.Event()
        self._awake = False  # the thread has yet to look at the queue
        self._thread = None

    def put(self, run, name, kind, value, step=None):
        """One point of a metric. `value` is JSON already but for NaN and the infinities."""
        items = self._items
        items.append((run, name, kind, value, step, time.time()))
        if not self._awake:
            self._wake_up()
        elif len(items) > FULL:
            time.sleep(0.0005)

    def flush(self, timeout=300):
        """Sends what is in the queue now. Returns whether all of it is gone; never raises."""
        end = time.monotonic() + timeout
        if not self._sending.acquire(timeout=timeout):
            return False
        try:
            while self._items and time.monotonic() < end:
                self._send_batch(max(0.1, min(ANSWER_SECONDS, end - time.monotonic())))
            return not self._items
        finally:
            self._sending.release()

    def deliver(self, method, path, body):
        """A request whose answer is not needed, now; to the file if nobody answers. The answer or None."""
        from azureml.exceptions import ServiceException

        error = None
        if not self.is_silent():
            try:
                return self._client().call(method, path, body, seconds=ANSWER_SECONDS)
            except ServiceException as refusal:
                if refusal.status_code is not None:
                    raise
                error = refusal
                self._fell_silent()
        self._keep(method, path, _json(body), error)
        return None

    def keep_file(self, path, source):
        """A file that could not be sent: a copy in the folder FALLBACK.files, named in a line of the file."""
        import shutil
        import tempfile

        fallback = os.environ.get("AMLOCAL_TRACKING_FALLBACK")
        if not fallback:
            return self._keep("PUT", path, None, None)
        folder = fallback + ".files"
        try:
            os.makedirs(folder, exist_ok=True)
            handle, copy = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "wb") as target:
                if isinstance(source, (bytes, bytearray)):
                    target.write(source)
                else:
                    with open(source, "rb") as file:
                        shutil.copyfileobj(file, target, 1 << 20)
        except OSError as error:
            return self.say("lost", "{} could not be kept: {}".format(path, error))
        self._keep("PUT", path, None, None, file=os.path.basename(copy))

    # -- the thread -------------------------------------------------------------------------------
    def _wake_up(self):
        self._awake = True
        if self._thread is None:
            self._start()
        self._wake.set()

    def _start(self):
        import threading

        thread = threading.Thread(target=self._run, name="amlocal-outbox", daemon=True)
        self._thread = thread
        # A child of multiprocessing ends without atexit, but not without its own finalizers.
        util = sys.modules.get("multiprocessing.util")
        if util is not None:
            util.Finalize(None, self.flush, args=(EXIT_SECONDS,), exitpriority=100)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is on its way out: flush at exit sends it
            self._thread = None

    def _run(self):
        while True:
            self._wake.wait()
            self._wake.clear()
            time.sleep(GATHER_SECONDS)
            with self._sending:
                while self._items:
                    self._send_batch(ANSWER_SECONDS)
            self._awake = False
            if self._items:  # put between the last look and the flag
                self._awake = True
                self._wake.set()

    def _before_fork(self):
        if self._items:
            self.flush(FORK_SECONDS)

    # -- one batch --------------------------------------------------------------------------------
    def _take(self):
        """The points at the head of the queue that are of one run: (run, points, their JSON in pieces)."""
        if self._limits is None:
            from azureml._limits import Metrics

            self._limits = Metrics()
        items, points, texts, size, seen = self._items, [], [], 0, self._limits.seen
        run = items[0][0]
        while items and items[0][0] == run and len(points) < BATCH_POINTS and size < BATCH_BYTES:
            chunk = []
            while items and items[0][0] == run and len(chunk) < CHUNK:
                _, name, kind, value, step, when = items.popleft()
                said = seen(run, name, kind, value)
                if said:
                    self.say(said, said)
                chunk.append({"name": name, "kind": kind, "value": value, "step": step, "time": when})
            points += chunk
            texts.append(_json(chunk)[1:-1])
            size += len(texts[-1])
            time.sleep(0)  # lets the script's thread go on between two chunks
        return run, points, texts

    def _send_batch(self, seconds):
        from azureml._client import quote

        try:
            run, points, texts = self._take()
        except IndexError:
            return
        self._send_points("/runs/{}/metrics".format(quote(run)), points, texts, seconds)

    def _send_points(self, path, points, texts, seconds):
        from azureml.exceptions import ServiceException

        body = '{"points":[' + ",".join(texts) + "]}"
        if self.is_silent():
            return self._keep("POST", path, body, None)
        try:
            self._client().send_json("POST", path, body.encode(), seconds)
        except ServiceException as error:
            if error.status_code is None or error.status_code >= 500:
                self._fell_silent()
                self._keep("POST", path, body, error)
            elif error.status_code == 400 and len(points) > 1:
                # One of them cannot be kept: the others can.
                half = len(points) // 2
                for part in (points[:half], points[half:]):
                    self._send_points(path, part, [_json(part)[1:-1]], seconds)
            else:
                self.say(error.message, "the metric {!r} was refused: {}".format(points[0]["name"], error.message))
        except Exception as error:  # whatever it is, logging does not end the script
            self._fell_silent()
            self._keep("POST", path, body, error)

    def is_silent(self):
        """Did the gateway not answer a moment ago?"""
        return time.monotonic() < self._silent_until

    def _fell_silent(self):
        self._silent_until = time.monotonic() + SILENT_SECONDS

    def _keep(self, method, path, body, error, file=None):
        fallback = os.environ.get("AMLOCAL_TRACKING_FALLBACK")
        if not fallback:
            return self.say("lost", "{} and what this script logs is lost.".format(_why(error)))
        from urllib.parse import unquote

        path = _json("/amlocal/1" + unquote(path))
        entry = '{{"method":"{}","path":{},"body":{}'.format(method, path, body or "null")
        entry += ',"file":{}}}\n'.format(_json(file)) if file else "}\n"
        try:
            handle = os.open(fallback, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, entry.encode())
            finally:
                os.close(handle)
        except OSError as problem:
            return self.say("lost", "{} is not writable ({}): what is logged is lost.".format(fallback, problem))
        self.say(
            "kept", "{} and what this script logs is kept in {} and taken in after the step.".format(_why(error), fallback)
        )

    def say(self, key, text):
        """Once for each key: a loop that logs does not fill the log."""
        if key not in self._said:
            self._said.add(key)
            try:
                sys.stderr.write("amlocal: {}\n".format(text))
            except (OSError, ValueError, AttributeError):
                pass


def _why(error):
    reason = getattr(error, "inner_exception", None) or getattr(error, "message", error)
    return "the run's gateway does not answer{},".format(" ({})".format(reason) if reason else "")


def _json(value):
    import json

    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(plain(value), separators=(",", ":"))


def plain(value):
    """The value without what JSON has no numbers for: "NaN", "Infinity", "-Infinity" are texts."""
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


_boxes = []


def outbox():
    """The queue of this process."""
    if not _boxes:
        from azureml._client import connect

        _boxes.append(Outbox(connect))
    return _boxes[0]
