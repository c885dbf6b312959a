"""Parts of bench.py: what scripts log, through MLflow's client and as it is kept."""

import http.client
import json
import pathlib
import socket
import statistics
import subprocess
import time
import urllib.request

median = statistics.median

# In the client's own Python; prints calls a second.
CLIENT = """
import sys, time, mlflow
mlflow.set_experiment("bench")
with mlflow.start_run():
    mlflow.log_metric("warm", 0)
    began = time.perf_counter()
    for n in range(COUNT):
        mlflow.log_metric("loss", 1 / (n + 1), step=n)
    took = time.perf_counter() - began
print("RATE", COUNT / took)
"""
COUNT, ROUNDS = 300, 3
POINTS, BATCH = 1_000_000, 1000


# The same for run.log of SDK v1, ours or the real one: calls a second, the same until all is sent, and how long the
# slowest calls took.
RUN_LOG = """
import sys, time
from azureml.core import Run
run = Run.get_context(allow_offline=False)
run.log("warm", 0)
run.flush()
count, clock, times = int(sys.argv[1]), time.perf_counter, []
began = clock()
for n in range(count):
    before = clock()
    run.log("loss", 1 / (n + 1), step=n)
    times.append(clock() - before)
called = clock() - began
run.flush()
sent = clock() - began
times.sort()
print("RATE", count / called, count / sent, 1000 * times[-1], sum(one > 0.001 for one in times))
"""
LOGGED, LOGGED_BESIDE = 50000, 1000
# What a busy machine does to the same loop with nothing in it, for as long.
EMPTY = """
import sys, time
clock, slowest = time.perf_counter, 0
end = clock() + float(sys.argv[1])
while clock() < end:
    before = clock()
    slowest = max(slowest, clock() - before)
print("RATE", 1000 * slowest)
"""


class Gateway:
    """`amlocal gateway` of a folder of its own."""

    def __init__(self, bench, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "amlocal.yml").write_text("")
        self.process = subprocess.Popen([bench.amlocal, "gateway"], cwd=folder, env=bench.environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        said = json.loads(self.process.stdout.readline())
        self.said, self.shim = said, said["shim"]
        self.variables = {"MLFLOW_TRACKING_URI": said["endpoint"], "MLFLOW_TRACKING_TOKEN": said["token"]}
        self.connection = http.client.HTTPConnection(said["endpoint"].split("//")[1])
        self.headers = {"Authorization": "Bearer " + said["token"]}

    def call(self, method, path, body=None):
        self.connection.request(method, "/api/2.0/mlflow/" + path, body and json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {text[:300]}")
        return json.loads(text)

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024

    def stop(self):
        self.connection.close()
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def server(bench, home, folder):
    """`mlflow server` with SQLite; its process and variables, once it answers."""
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [home / "bin/mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination",
         folder / "artifacts", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
        cwd=folder, env={**bench.environment, "PATH": f"{home}/bin:/usr/bin:/bin"}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return process, {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                process.kill()
                raise SystemExit("mlflow server does not answer")
            time.sleep(0.2)


def rate(bench, home, variables, folder):
    done = subprocess.run([home / "bin/python", "-c", CLIENT.replace("COUNT", str(COUNT))], cwd=folder, check=True,
                          env={**bench.environment, **variables}, capture_output=True, text=True)
    return float(next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("RATE")))


def mlflow(bench):
    """mlflow.log_metric against the gateway and against `mlflow server` with SQLite."""
    home = bench.peers / "mlflow"
    if not (home / "installed").exists():
        why = home / "why-not"
        bench.row("mlflow.log_metric", "", why.read_text() if why.exists()
                  else f"not installed: tests/bench/peers.py {bench.peers}")
        return
    mine, theirs = bench.folder("tracking"), bench.folder("mlflow-server")
    gateway = Gateway(bench, mine)
    process, variables = server(bench, home, theirs)
    try:
        ours, beside = [], []
        for _ in range(ROUNDS):
            ours.append(rate(bench, home, gateway.variables, mine))
            beside.append(rate(bench, home, variables, theirs))
    finally:
        process.terminate()
        process.wait(30)
        gateway.stop()
    ratio = median(ours) / median(beside)
    bench.row("`mlflow.log_metric`", f"{median(ours):.0f} calls/s",
              f"`mlflow server` with SQLite {median(beside):.0f} calls/s", f"≥ 3× ({ratio:.1f}×)", ratio >= 3)


def run_variables(gateway, name):
    """What a step of SDK v1 has in its environment, for a run of its own."""
    said = gateway.said
    gateway.connection.request("POST", "/amlocal/1/runs", json.dumps({"experiment": "bench", "name": name}), gateway.headers)
    run = json.loads(gateway.connection.getresponse().read())
    return {"AMLOCAL_GATEWAY": said["endpoint"], "AZUREML_SERVICE_ENDPOINT": said["endpoint"],
            "AZUREML_DISCOVERY_SERVICE_ENDPOINT": said["endpoint"] + "/discovery", "AZUREML_RUN_TOKEN": said["token"],
            "AZUREML_RUN_TOKEN_EXPIRY": str(int(time.time()) + 86400), "AZUREML_RUN_ID": run["id"],
            "AZUREML_ROOT_RUN_ID": run["id"], "AZUREML_EXPERIMENT_ID": "bench", "AZUREML_ARM_PROJECT_NAME": "bench",
            "AZUREML_ARM_SUBSCRIPTION": "0", "AZUREML_ARM_RESOURCEGROUP": "local",
            "AZUREML_ARM_WORKSPACE_NAME": "local", "AZUREML_WORKSPACE_ID": "0"}


def logged(bench, python, gateway, count, **more):
    """[calls a second, the same until all is sent, the slowest call in ms, calls above 1 ms]"""
    return told([python, "-c", RUN_LOG, str(count)], gateway.folder,
                {**bench.environment, **run_variables(gateway, "log"), **more})


def told(command, folder, environment):
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, env=environment)
    return [float(word) for word in
            next(line.split()[1:] for line in done.stdout.splitlines() if line.startswith("RATE"))]


def run_log(bench):
    """run.log of the shim and of the real azureml-core, against the same gateway."""
    gateway = Gateway(bench, bench.folder("run-log"))
    try:
        ours = [logged(bench, "/usr/bin/python3", gateway, LOGGED, PYTHONPATH=gateway.shim) for _ in range(ROUNDS)]
        slowest, over = min(one[2] for one in ours), min(one[3] for one in ours)
        lasts = str(LOGGED / median(one[0] for one in ours))
        empty = min(told(["/usr/bin/python3", "-c", EMPTY, lasts], gateway.folder, bench.environment)[0]
                    for _ in range(ROUNDS))
        bench.row("`run.log`, the slowest of 50,000 calls", f"{slowest:.2f} ms, {over:.0f} above 1 ms",
                  f"an empty loop's slowest turn {empty:.2f} ms", "≤ 1 ms, or ≤ beside", slowest <= max(1, empty))
        home = bench.peers / "azureml"
        if not (home / "installed").exists():
            why = home / "why-not"
            bench.row("`run.log`", "", why.read_text() if why.exists()
                      else f"not installed: tests/bench/peers.py {bench.peers}")
            return
        beside = [logged(bench, home / "bin/python", gateway, LOGGED_BESIDE) for _ in range(ROUNDS)]
    finally:
        gateway.stop()
    for what, place in (("`run.log`, calls", 0), ("`run.log`, until all is sent", 1)):
        mine, theirs = median(one[place] for one in ours), median(one[place] for one in beside)
        bench.row(what, f"{mine:.0f} calls/s", f"azureml-core 1.61 {theirs:.0f} calls/s",
                  f"≥ 20× ({mine / theirs:.1f}×)", mine >= 20 * theirs)


def points(bench):
    """1,000,000 points of a metric taken in, asked for and listed."""
    folder = bench.folder("points")
    gateway = Gateway(bench, folder)
    run = gateway.call("POST", "runs/create", {"experiment_id": "bench", "run_name": "points"})["run"]["info"]["run_id"]
    before, began = gateway.memory(), time.perf_counter()
    for first in range(0, POINTS, BATCH):
        gateway.call("POST", "runs/log-batch", {"run_id": run, "metrics": [
            {"key": "loss", "value": n / POINTS, "timestamp": n, "step": n} for n in range(first, first + BATCH)]})
    logged = time.perf_counter() - began
    began, seen, token = time.perf_counter(), 0, ""
    while token is not None:
        page = gateway.call("GET", f"metrics/get-history?run_id={run}&metric_key=loss&page_token={token}")
        seen += len(page["metrics"])
        token = page.get("next_page_token")
    read = time.perf_counter() - began
    grown = gateway.memory() - before
    began = time.perf_counter()
    latest = gateway.call("GET", f"runs/get?run_id={run}")["run"]["data"]["metrics"]
    asked = time.perf_counter() - began
    gateway.stop()
    listed = bench.seconds([bench.amlocal, "runs", "metrics", run, "--json"], folder)
    if seen != POINTS or latest[0]["step"] != POINTS - 1:
        raise SystemExit(f"{seen} points of {POINTS}, the last is {latest}")
    bench.row("1,000,000 metric points", f"taken in {logged:.0f} s, all read {read:.0f} s, the last {1000 * asked:.0f} ms, "
              f"`runs metrics` {1000 * listed:.0f} ms", "")
    bench.row("the same: the gateway's memory", f"{grown:.0f} MiB more", "", "flat: < 64 MiB", grown < 64)
