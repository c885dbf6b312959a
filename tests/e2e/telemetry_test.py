"""Application Insights' ingestion: raw HTTP, and the real log handlers where they are installed.

usage: telemetry_test.py AMLOCAL
Variables: AMLOCAL_TEST_OPENCENSUS, AMLOCAL_TEST_OTEL: a Python that has opencensus-ext-azure, one that has
azure-monitor-opentelemetry; without them those tests are skipped.
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

AMLOCAL = sys.argv.pop(1)

RAW = r'''
import gzip, json, os, urllib.error, urllib.request

words = dict(one.split("=", 1) for one in os.environ["APPLICATIONINSIGHTS_CONNECTION_STRING"].split(";"))
key, endpoint = words["InstrumentationKey"], words["IngestionEndpoint"]

def envelope(text, key=key):
    return {"name": "Microsoft.ApplicationInsights.Message", "iKey": key, "time": "2026-01-01T00:00:00Z", "tags": {},
            "data": {"baseType": "MessageData", "baseData": {"message": text, "severityLevel": 2}}}

def track(body, path="/v2.1/track", **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(endpoint + path, method="POST", data=data,
                                     headers={"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())

said = {
    "array": track([envelope("a"), envelope("b")]),
    "one": track(envelope("c"), path="v2/track"),
    "lines": track((json.dumps(envelope("d")) + "\n{torn\n\n" + json.dumps(envelope("e")) + "\n").encode()),
    "gzip": track(gzip.compress(json.dumps([envelope("f")]).encode()), Content_Encoding="gzip"),
    "other": track([envelope("g", "00000000-0000-0000-0000-000000000000"), envelope("h")]),
    "only": track(envelope("i", "x")),
    "shape": track([5, {"iKey": key}]),
    "torn": track(b"{bad"),
    "empty": track(b""),
    "huge": track(b" " * (65 << 20)),
}
print("SAID " + json.dumps(said))
'''

OPENCENSUS = r'''
import logging
from opencensus.ext.azure.log_exporter import AzureLogHandler

logger = logging.getLogger("train")
logger.setLevel(logging.INFO)
logger.addHandler(AzureLogHandler())
logger.info("info goes", extra={"custom_dimensions": {"step_id": "s1", "n": 1}})
logger.error("error goes", {"step_id": "lost"})
try:
    1 / 0
except ZeroDivisionError:
    logger.exception("it broke")
'''

OTEL = r'''
import logging
from azure.monitor.opentelemetry import configure_azure_monitor

configure_azure_monitor(logger_name="train", disable_tracing=True, disable_metrics=True,
                        instrumentation_options={name: {"enabled": False} for name in
                        ("azure_sdk", "django", "fastapi", "flask", "psycopg2", "requests", "urllib", "urllib3")})
logger = logging.getLogger("train")
logger.warning("a warning goes", extra={"n": 1})
from opentelemetry._logs import get_logger_provider
get_logger_provider().force_flush()
'''


def needs(variable, module):
    python = os.environ.get(variable, "")
    found = python and subprocess.run([python, "-c", "import " + module], capture_output=True).returncode == 0
    return unittest.skipUnless(found, "needs {} ({} names a Python that has it)".format(
        "opencensus-ext-azure" if "CENSUS" in variable else "azure-monitor-opentelemetry", variable))


class Telemetry(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "code").mkdir()

    def run_step(self, script, python="python3"):
        (self.folder / "code/step.py").write_text(script)
        (self.folder / "p.yml").write_text("type: command\ncommand: %s step.py\ncode: code\n"
                                           "environment: azureml:x:1\n" % python)
        done = subprocess.run([AMLOCAL, "run", "p.yml", "--name", "r"], cwd=self.folder, capture_output=True,
                              text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.log = (self.folder / ".amlocal/runs/r/steps/p/user_logs/std_log.txt").read_text()
        return [json.loads(line) for line in
                (self.folder / ".amlocal/runs/r/telemetry.jsonl").read_text().splitlines()]

    def test_raw(self):
        kept = self.run_step(RAW)
        said = json.loads(re.search("^SAID (.*)$", self.log, re.M).group(1))
        self.assertEqual(said["array"], [200, {"itemsReceived": 2, "itemsAccepted": 2, "errors": []}])
        self.assertEqual(said["one"], [200, {"itemsReceived": 1, "itemsAccepted": 1, "errors": []}])
        status, body = said["lines"]
        self.assertEqual((status, body["itemsReceived"], body["itemsAccepted"]), (206, 3, 2))
        self.assertEqual([error["index"] for error in body["errors"]], [1])
        self.assertEqual(said["gzip"][0], 200, said["gzip"])
        status, body = said["other"]
        self.assertEqual((status, body["itemsAccepted"], body["errors"][0]["statusCode"]), (206, 1, 400))
        self.assertIn("APPLICATIONINSIGHTS_CONNECTION_STRING", body["errors"][0]["message"])
        self.assertEqual(said["only"][0], 400)
        self.assertEqual([error["message"] for error in said["shape"][1]["errors"]],
                         ["this is no JSON object", "an envelope needs a 'name' and 'data'"])
        self.assertEqual((said["torn"][0], said["empty"][0], said["huge"][0]), (400, 400, 400))
        self.assertEqual([line["data"]["baseData"]["message"] for line in kept], ["a", "b", "c", "d", "e", "f", "h"])
        self.assertEqual({line["step"] for line in kept}, {"p"})

    @needs("AMLOCAL_TEST_OPENCENSUS", "opencensus.ext.azure.log_exporter")
    def test_opencensus(self):
        kept = self.run_step(OPENCENSUS, os.environ["AMLOCAL_TEST_OPENCENSUS"])
        data = [line["data"]["baseData"] for line in kept]
        self.assertEqual({line["step"] for line in kept}, {"p"})
        self.assertEqual([one.get("message") for one in data[:2]], ["info goes", "error goes"])
        self.assertEqual((data[0]["properties"]["step_id"], data[0]["properties"]["n"]), ("s1", 1))
        self.assertNotIn("step_id", data[1]["properties"])
        self.assertEqual((kept[2]["data"]["baseType"], data[2]["exceptions"][0]["typeName"]),
                         ("ExceptionData", "ZeroDivisionError"))

    @needs("AMLOCAL_TEST_OTEL", "azure.monitor.opentelemetry")
    def test_opentelemetry(self):
        kept = self.run_step(OTEL, os.environ["AMLOCAL_TEST_OTEL"])
        data = [line["data"]["baseData"] for line in kept if line["data"]["baseType"] == "MessageData"]
        self.assertEqual([(one["message"], one["properties"]["n"]) for one in data], [("a warning goes", "1")])


unittest.main()
