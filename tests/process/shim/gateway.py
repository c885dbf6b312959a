"""A gateway in memory for the shim's tests: the same protocol, with handles to look inside and to break it.

    with Gateway() as gateway:     gateway.endpoint, gateway.token, gateway.state, gateway.requests
"""
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

PREFIX = "/amlocal/1/"


class Refusal(Exception):
    def __init__(self, status, code, message, details=()):
        super().__init__(message)
        self.status = status
        self.body = {"error": {"code": code, "message": message, "details": list(details)}}


class State:
    """What a workspace keeps."""

    def __init__(self, root):
        self.root, self.full = root, False
        self.runs, self.points, self.files, self.logs, self.outputs = {}, {}, {}, {}, {}
        self.documents, self.models, self.secrets, self.data = {}, [], {}, {}
        self.datastores = {"workspaceblobstore": os.path.join(root, "blob"), "other": os.path.join(root, "other")}
        for folder in self.datastores.values():
            os.makedirs(folder, exist_ok=True)

    def add_run(self, run_id, **fields):
        run = {
            "id": run_id, "name": run_id, "root": run_id, "parent": None, "experiment": "exp", "kind": "child", "error": "",
            "status": "Running", "start": time.time(), "end": None, "step": "", "tags": {}, "properties": {}, "params": {},
        }
        run.update(fields)
        self.runs[run_id] = run
        return run


def metrics_of(state, run_id, name=None):
    found = {}
    for point in state.points.get(run_id, []):
        one = found.setdefault(point["name"], {"name": point["name"], "kind": point["kind"], "values": []})
        one["values"].append({key: point[key] for key in ("value", "step", "time")})
    return [one for one in found.values() if name is None or one["name"] == name]


def run_or_refuse(state, run_id):
    if run_id not in state.runs:
        raise Refusal(404, "RunNotFound", "Run {} was not found.".format(run_id))
    return state.runs[run_id]


def patch_run(state, run_id, body):
    run = run_or_refuse(state, run_id)
    words = list((body.get("properties") or {}).values()) + list((body.get("tags") or {}).values())
    words += [body[key] for key in ("name", "status", "error") if key in body]
    if any(word is not None and not isinstance(word, str) for word in words):
        raise Refusal(400, "BadInput", "a text was expected: {}".format(body))
    for key, value in (body.get("properties") or {}).items():
        if run["properties"].get(key, value) != value:
            raise Refusal(409, "Immutable", "The property {} cannot be changed.".format(key))
        run["properties"][key] = value
    for key, value in (body.get("tags") or {}).items():
        run["tags"].pop(key, None)
        if value is not None:
            run["tags"][key] = value
    for key in ("name", "status", "error"):
        if key in body:
            run[key] = body[key]
    if body.get("status") in ("Completed", "Failed", "Canceled"):
        run["end"] = time.time()
    return run


def dispatch(state, method, parts, query, body):
    """The answer's JSON or bytes."""
    kind, rest = parts[0], parts[1:]
    if kind == "workspace":
        return {
            "name": "local", "subscription_id": "0000", "resource_group": "here", "location": "this-machine",
            "root": state.root, "default_datastore": "workspaceblobstore",
        }
    if kind == "experiments":
        names = sorted({run["experiment"] for run in state.runs.values()})
        if not rest:
            return {"experiments": names}
        runs = [run for run in state.runs.values() if run["experiment"] == rest[0] and not run["parent"]]
        return {"runs": runs[::-1]}
    if kind == "datastores":
        rows = [
            {"name": name, "folder": folder, "default": name == "workspaceblobstore"}
            for name, folder in state.datastores.items()
        ]
        if not rest:
            return {"datastores": rows}
        for row in rows:
            if row["name"] == rest[0]:
                return row
        raise Refusal(404, "DatastoreNotFound", "There is no datastore {}.".format(rest[0]))
    return globals()["serve_" + kind](state, method, rest, query, body)


def serve_runs(state, method, rest, query, body):
    if not rest:
        above = run_or_refuse(state, body["parent"]) if body.get("parent") else None
        run_id = body.get("id") or "made_{}".format(len(state.runs))
        return state.add_run(
            run_id, name=body.get("name") or run_id, parent=body.get("parent"), tags=dict(body.get("tags") or {}),
            experiment=above["experiment"] if above else body.get("experiment"), root=above["root"] if above else run_id,
        )
    run_id, what = rest[0], rest[1] if len(rest) > 1 else None
    run_or_refuse(state, run_id)
    if what is None:
        return patch_run(state, run_id, body) if method == "PATCH" else state.runs[run_id]
    if what == "children":
        return {"runs": [run for run in state.runs.values() if run["parent"] == run_id][::-1]}
    if what == "metrics":
        if method == "POST":
            if any(not point["name"] for point in body["points"]):
                raise Refusal(400, "BadInput", "a metric needs a name")
            if state.full:
                raise Refusal(507, "NoSpace", "no space left")
            state.points.setdefault(run_id, []).extend(body["points"])
            return {"accepted": len(body["points"])}
        return {"metrics": metrics_of(state, run_id, query.get("name"))}
    if what == "outputs":
        return {"outputs": state.outputs.get(run_id, [])}
    kept = (state.files if what == "files" else state.logs).setdefault(run_id, {})
    path = "/".join(rest[2:])
    if not path:
        return {what: [{"path": name, "size": len(data)} for name, data in kept.items()]}
    if method == "PUT":
        kept[path] = body
        return {}
    if path not in kept:
        raise Refusal(404, "FileNotFound", "There is no file {}.".format(path))
    return kept[path]


def serve_documents(state, method, rest, query, body):
    kept = state.documents.setdefault(rest[0], {})
    if len(rest) == 1:
        found = [(name, sorted(versions)[-1]) for name, versions in kept.items()]
        return {"documents": [{"name": n, "version": str(v), "content": kept[n][v]} for n, v in found]}
    name = rest[1]
    if method == "PUT":
        versions = kept.setdefault(name, {})
        version = int(query.get("version") or max(list(versions) or [0]) + 1)
        versions[version] = body
        return {"name": name, "version": str(version)}
    versions = kept.get(name) or {}
    wanted = query.get("version")
    version = max(list(versions) or [0]) if not wanted else int(wanted) if wanted.isdigit() else wanted
    if version not in versions:
        raise Refusal(404, "DocumentNotFound", "There is no {} {}.".format(rest[0], name))
    if method == "DELETE":
        if query.get("version"):
            del versions[version]
        else:
            del kept[name]
        return {}
    there = [str(one) for one in sorted(versions)]
    return {"name": name, "version": str(version), "content": versions[version], "versions": there}


def serve_models(state, method, rest, query, body):
    if method == "POST":
        version = 1 + sum(1 for one in state.models if one["name"] == body["name"])
        folder = os.path.join(state.root, "models", body["name"], str(version))
        os.makedirs(folder)
        if body.get("path"):
            path = os.path.join(folder, os.path.basename(body["path"]))
            os.symlink(body["path"], path)
        else:
            path = os.path.join(folder, os.path.basename(body["artifact"]))
            with open(path, "wb") as file:
                file.write(state.files[body["run"]][body["artifact"]])
        model = {
            "name": body["name"], "version": str(version), "path": path, "type": "custom_model", "run": body.get("run"),
            "tags": body.get("tags") or {}, "properties": body.get("properties") or {},
            "description": body.get("description") or "", "framework": body.get("framework"),
        }
        state.models.append(model)
        return model
    if not rest:
        return {"models": [one for one in state.models if query.get("name") in (None, one["name"])]}
    for one in list(state.models):
        if [one["name"], one["version"]] == rest:
            if method == "DELETE":
                state.models.remove(one)
            if method == "PATCH":
                tags = dict(one["tags"], **body.get("tags", {}))
                one["tags"] = {key: value for key, value in tags.items() if value is not None}
                one["properties"].update(body.get("properties", {}))
                one["description"] = body.get("description", one["description"])
            return one
    raise Refusal(404, "ModelNotFound", "There is no model {}.".format("/".join(rest)))


def serve_secrets(state, method, rest, query, body):
    if not rest:
        return {"names": sorted(state.secrets)}
    if method == "PUT":
        state.secrets[rest[0]] = body["value"]
        return {}
    if rest[0] not in state.secrets:
        raise Refusal(404, "SecretNotFound", "There is no secret {}.".format(rest[0]))
    return {"value": state.secrets.pop(rest[0]) if method == "DELETE" else state.secrets[rest[0]]}


def serve_data(state, method, rest, query, body):
    if method == "POST":
        state.data[body["name"]] = body
        return body
    if not rest:
        return {"data": list(state.data.values())}
    if rest[0] not in state.data:
        raise Refusal(404, "DataNotFound", "There is no data asset {}.".format(rest[0]))
    return state.data[rest[0]]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def serve(self):
        gateway = self.server.gateway
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        gateway.requests.append((self.command, address.path))
        try:
            if self.headers.get("Authorization") != "Bearer " + gateway.token:
                raise Refusal(
                    401, "Unauthorized", "Unauthorized",
                    [{"code": "InvalidOrExpiredToken", "message": "The request token was either invalid or expired. "
                      "Please try again with a valid token."}],
                )
            parts = [unquote(part) for part in address.path[len(PREFIX):].split("/")]
            raw = parts[0] == "runs" and self.command == "PUT"
            body = data if raw else json.loads(data, parse_constant=self.no_constant) if data else None
            with gateway.lock:
                answer, status = dispatch(gateway.state, self.command, parts, query, body), 200
        except Refusal as refusal:
            answer, status = refusal.body, refusal.status
        text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    @staticmethod
    def no_constant(text):
        raise Refusal(400, "BadJson", "{} is no JSON".format(text))

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = serve


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, gateway):
        super().__init__(("127.0.0.1", 0), Handler)
        self.gateway, self.open = gateway, set()

    def process_request(self, request, client_address):
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        pass  # a test that ends in mid-request


class Gateway:
    token = "a.token.here"

    def __init__(self, root):
        self.state, self.requests, self.lock = State(root), [], threading.RLock()
        self._server = Server(self)
        self.endpoint = "http://127.0.0.1:{}".format(self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self):
        """Gone, with the connections that were kept open."""
        import socket

        self._server.shutdown()
        self._server.server_close()
        for request in list(self._server.open):
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def metrics(self, run_id):
        """{name: [values]}"""
        with self.lock:
            return {one["name"]: [v["value"] for v in one["values"]] for one in metrics_of(self.state, run_id)}
