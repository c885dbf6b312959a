"""A real HTTP server that misbehaves on demand, for tests of fetching.

    with Server({"/a.csv": File(b"...", etag='"1"')}) as server:
        server.url("/a.csv")    # http://127.0.0.1:PORT/a.csv
        server.requests         # [("/a.csv", {"range": "bytes=5-", ...}), ...]
"""

import http.server
import pathlib
import ssl
import subprocess
import threading
import time


class File:
    """One address. `drop_after`: a list with one entry for each coming answer: the number of bytes
    after which its connection ends (None: the whole). `refusals`: (status, headers) answered first.
    """

    def __init__(self, content, etag=None, drop_after=(), refusals=(), pause=0, ranges=True):
        self.content = content
        self.etag = etag
        self.drop_after = list(drop_after)
        self.refusals = list(refusals)
        self.pause = pause  # seconds between pieces of 64 KiB
        self.ranges = ranges


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def answer(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append((path, headers))
        file = self.server.files.get(path)
        if file is None:
            return self.answer(404, {}, b"<html>not here</html>")
        if file.refusals:
            status, more = file.refusals.pop(0)
            return self.answer(status, more, b"busy")
        tags = {"ETag": file.etag} if file.etag else {}
        if file.etag and headers.get("if-none-match") == file.etag:
            self.send_response(304)
            self.send_header("ETag", file.etag)
            self.end_headers()
            return None
        start, status = 0, 200
        if file.ranges and "range" in headers and headers.get("if-range", file.etag) == file.etag:
            start, status = int(headers["range"].split("=")[1].split("-")[0]), 206
            if start >= len(file.content):
                return self.answer(416, {"Content-Range": f"bytes */{len(file.content)}"})
            tags["Content-Range"] = f"bytes {start}-{len(file.content) - 1}/{len(file.content)}"
        body = file.content[start:]
        self.send_response(status)
        for name, value in tags.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        limit = file.drop_after.pop(0) if file.drop_after else None
        body = body if limit is None else body[:limit]
        try:
            for at in range(0, len(body), 65536):
                self.wfile.write(body[at:at + 65536])
                self.wfile.flush()
                time.sleep(file.pause)
        except OSError:
            self.close_connection = True
            return None
        if limit is not None:
            self.close_connection = True
        return None


class Server:
    """`certificate`: a PEM file with key and certificate makes it https."""

    def __init__(self, files, certificate=None):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda *_: None
        self.http.files = files
        self.http.requests = []
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
            self.scheme = "https"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def url(self, path):
        host = "localhost" if self.scheme == "https" else "127.0.0.1"
        return f"{self.scheme}://{host}:{self.http.server_address[1]}{path}"

    @property
    def requests(self):
        return list(self.http.requests)

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def self_signed(folder):
    """A PEM file with the key and the certificate of `localhost`, signed by itself."""
    pem = pathlib.Path(folder) / "localhost.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{pem}.key",
         "-out", f"{pem}.crt"], check=True, capture_output=True)
    pem.write_text(pathlib.Path(f"{pem}.key").read_text() + pathlib.Path(f"{pem}.crt").read_text())
    return pem
