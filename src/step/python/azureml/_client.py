"""The door to amlocal: JSON over HTTP on this machine, below /amlocal/1.

In a step the run's gateway is in the environment (AMLOCAL_GATEWAY, AZUREML_RUN_TOKEN). In a definition
the first call starts `amlocal gateway`, which ends when its standard input closes: with this process.
One connection a thread and process is kept open.
"""
import os
import sys

PREFIX = "/amlocal/1"
CONNECT_SECONDS = 5  # loopback: longer means that nobody is there
ANSWER_SECONDS = 60


def _service_exception():
    from azureml.exceptions import ServiceException

    return ServiceException


def quote(part):
    """One part of a path: a name with slashes stays one part."""
    from urllib.parse import quote as quoted

    return quoted(str(part), safe="")


def quote_path(path):
    """A path below a run's files: its slashes divide."""
    from urllib.parse import quote as quoted

    return quoted(str(path), safe="/")


class Client:
    """Requests to one gateway. Safe to use from several threads and after a fork."""

    def __init__(self, endpoint, token):
        import threading
        from urllib.parse import urlsplit

        address = urlsplit(endpoint)
        self.endpoint, self.token = endpoint.rstrip("/"), token
        self._host, self._port = address.hostname, address.port or 80
        self._mine = threading.local()  # .connection, .owner (pid)
        self._opened = []  # every connection of every thread, for close()

    # -- JSON -------------------------------------------------------------------------------------
    def get(self, path, **query):
        return self.call("GET", path, query=query)

    def post(self, path, body, **query):
        return self.call("POST", path, body, query=query)

    def put(self, path, body, **query):
        return self.call("PUT", path, body, query=query)

    def patch(self, path, body, **query):
        return self.call("PATCH", path, body, query=query)

    def delete(self, path, **query):
        return self.call("DELETE", path, query=query)

    def find(self, path, **query):
        """GET, or None where the gateway says that there is no such thing."""
        try:
            return self.get(path, **query)
        except _service_exception() as error:
            if error.status_code == 404:
                return None
            raise

    def call(self, method, path, body=None, query=None, seconds=ANSWER_SECONDS):
        """The answer's JSON. Raises ServiceException: status_code None when nobody answered."""
        import json

        if os.environ.get("AMLOCAL_EXPORT"):
            from azureml import _export

            known = _export.answer(method, path)
            if known is not None:
                return known
        data = None if body is None else json.dumps(body).encode()
        with self._answer(method, path, data, query, seconds) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def send_json(self, method, path, data, seconds=ANSWER_SECONDS):
        """The same with a body that is JSON text already; what is answered is of no interest."""
        with self._answer(method, path, data, None, seconds) as answer:
            answer.read()

    # -- bytes ------------------------------------------------------------------------------------
    def download(self, path, target):
        """Writes what is at `path` to the file `target`, which appears when it is complete."""
        import shutil
        import tempfile

        folder = os.path.dirname(os.path.abspath(target))
        os.makedirs(folder, exist_ok=True)
        handle, partial = tempfile.mkstemp(prefix=".part-", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file, self._answer("GET", path) as answer:
                shutil.copyfileobj(answer, file, 1 << 20)
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(partial, 0o666 & ~umask)
            os.replace(partial, target)
        except BaseException:
            os.unlink(partial)
            raise

    def read(self, path):
        """The bytes at `path`."""
        with self._answer("GET", path) as answer:
            return answer.read()

    def upload(self, path, source):
        """PUTs a file (a path, or an object with read()) or bytes."""
        if isinstance(source, (bytes, bytearray)):
            with self._answer("PUT", path, bytes(source), kind="application/octet-stream") as answer:
                answer.read()
            return
        opened = open(source, "rb") if isinstance(source, (str, os.PathLike)) else None
        stream = opened or source
        try:
            if opened is None or os.fstat(opened.fileno()).st_size < 1 << 20:
                return self.upload(path, _as_bytes(stream.read()))
            length = {"Content-Length": str(os.fstat(opened.fileno()).st_size)}
            with self._answer("PUT", path, opened, kind="application/octet-stream", more=length) as answer:
                answer.read()
        finally:
            if opened:
                opened.close()

    # -- the connection ---------------------------------------------------------------------------
    def _connection(self, seconds):
        """(connection, whether it has been used)"""
        connection = getattr(self._mine, "connection", None)
        if connection is not None and self._mine.owner == os.getpid():
            if connection.sock is not None:
                connection.sock.settimeout(seconds)
            return connection, connection.sock is not None
        from http.client import HTTPConnection

        connection = HTTPConnection(self._host, self._port, timeout=CONNECT_SECONDS)
        self._mine.connection, self._mine.owner = connection, os.getpid()
        self._opened = [one for one in self._opened if one.sock is not None] + [connection]
        return connection, False

    def close(self):
        """Closes what is open: a server that ends waits for the connections that it keeps."""
        for connection in self._opened:
            connection.close()

    def _drop(self):
        connection = getattr(self._mine, "connection", None)
        if connection is not None and self._mine.owner == os.getpid():
            connection.close()
        self._mine.connection = None

    def _answer(self, method, path, data=None, query=None, seconds=ANSWER_SECONDS, kind="application/json", more=None):
        from http.client import HTTPException
        from urllib.parse import urlencode

        query = {name: value for name, value in (query or {}).items() if value is not None}
        target = PREFIX + path + ("?" + urlencode(query) if query else "")
        headers = {"Authorization": "Bearer " + (self.token or ""), "Accept": "*/*"}
        if data is not None:
            headers["Content-Type"] = kind
        headers.update(more or {})
        while True:
            connection, used = self._connection(seconds)
            try:
                if connection.sock is None:
                    connection.timeout = min(seconds, CONNECT_SECONDS)
                    connection.connect()
                    connection.sock.settimeout(seconds)
                connection.request(method, target, data, headers)
                response = connection.getresponse()
                break
            except (OSError, HTTPException) as error:
                self._drop()
                # A kept connection may have been closed while it was idle: the next one is new.
                if used and not isinstance(error, TimeoutError) and "timed out" not in str(error):
                    if hasattr(data, "seek"):
                        data.seek(0)
                    continue
                raise self._nobody(error) from error
        if response.status >= 400:
            raise self._refused(method, path, response)
        return _Answer(self, response)

    def _nobody(self, error):
        text = "{} does not answer ({}). It ends with the run or the program that started it.".format(
            self.endpoint, error
        )
        return _service_exception()("amlocal's gateway at " + text, inner_exception=error)

    def _refused(self, method, path, response):
        import json

        text = response.read().decode(errors="replace")
        if response.will_close:
            self._drop()
        try:
            document = json.loads(text)
            error = document["error"] if isinstance(document.get("error"), dict) else document
            words = [error.get("message") or error.get("code") or ""]
            words += [one["message"] for one in error.get("details") or [] if one.get("message")]
            message = " ".join(words)
        except (ValueError, AttributeError, TypeError, KeyError):
            document, message = {}, text.strip()
        if response.status == 401:
            message += " (AZUREML_RUN_TOKEN is not this run's token)"
        message = message or "{} {}: status {}".format(method, path, response.status)
        return _service_exception()(message, status_code=response.status, error=document)


class _Answer:
    """A response: read to its end, or its connection is not used again."""

    def __init__(self, client, response):
        self._client, self._response = client, response
        self._whole = False

    def read(self, *size):
        from http.client import HTTPException

        try:
            return self._response.read(*size)
        except (OSError, HTTPException) as error:
            raise self._client._nobody(error) from error

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if not self._response.isclosed() or self._response.will_close:
            self._response.close()
            self._client._drop()


def _as_bytes(data):
    return data.encode() if isinstance(data, str) else data


# -- which gateway ------------------------------------------------------------------------------------
_shared = {}  # "client" → the Client of this process


def in_step():
    """Is this process a step of a run?"""
    environment = os.environ
    return bool(
        environment.get("AMLOCAL_GATEWAY") and environment.get("AZUREML_RUN_ID") and environment.get("AZUREML_RUN_TOKEN")
    )


def program():
    """The amlocal to start from a definition, or None."""
    found = os.environ.get("AMLOCAL_PROGRAM")
    if not found:
        known = getattr(sys.modules.get("amlocal"), "program", None)
        found = known() if callable(known) else known
    if not found:
        import shutil

        found = shutil.which("amlocal")
    return found


def connect():
    """The client of this process: the run's gateway in a step, else one that is started here."""
    client = _shared.get("client")
    if client is not None:
        return client
    if os.environ.get("AMLOCAL_GATEWAY"):
        client = Client(os.environ["AMLOCAL_GATEWAY"], os.environ.get("AZUREML_RUN_TOKEN", ""))
    else:
        client = _start()
    _shared["client"] = client
    return client


def _start():
    from azureml.exceptions import WorkspaceException

    executable = program()
    if not executable:
        raise WorkspaceException(
            "There is no workspace here: amlocal was not found. Run the script with `amlocal run SCRIPT.py`, "
            "put amlocal into PATH, or name it in AMLOCAL_PROGRAM."
        )
    import atexit
    import json
    import select
    import subprocess

    try:
        process = subprocess.Popen([executable, "gateway"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError as error:
        raise WorkspaceException("{} cannot be started: {}".format(executable, error.strerror)) from error
    ready, _, _ = select.select([process.stdout], [], [], 60)
    line = process.stdout.readline() if ready else b""
    try:
        address = json.loads(line.decode())
        client = Client(address["endpoint"], address["token"])
    except (ValueError, KeyError) as error:
        process.kill()
        raise WorkspaceException(
            "`{} gateway` gave no address (exit status {}); its own message is above.".format(executable, process.wait())
        ) from error
    ours, theirs = getattr(sys.modules.get("amlocal"), "__version__", None), address.get("version")
    if ours and theirs != ours:
        process.kill()
        process.wait()
        raise WorkspaceException(
            "The Python package amlocal is version {}, but the program {} is {}. {}".format(
                ours,
                executable,
                "version " + theirs if theirs else "an older one",
                "Unset AMLOCAL_PROGRAM, which names it."
                if os.environ.get("AMLOCAL_PROGRAM")
                else "Install both as one: {} -m pip install --force-reinstall amlocal".format(sys.executable),
            )
        )
    atexit.register(_stop, process, client, os.getpid())
    return client


def _stop(process, client, owner):
    if os.getpid() != owner:
        return  # a forked child: the gateway is its parent's
    outbox = sys.modules.get("azureml._outbox")
    for box in outbox._boxes if outbox else ():
        box.flush(60)
    client.close()
    process.stdin.close()
    try:
        process.wait(5)
    except Exception:  # it has its own reasons to go on; nothing here waits for it
        pass
    process.stdout.close()
