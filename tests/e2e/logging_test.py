"""Where a step's lines go: `amlocal run --explain-logs`.

usage: logging_test.py AMLOCAL
Variable: AMLOCAL_TEST_OPENCENSUS: a Python that has opencensus-ext-azure; without it those tests are skipped.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

AMLOCAL = sys.argv.pop(1)
FIXTURE = pathlib.Path(__file__).resolve().parents[2] / "fixtures/logging"
OPENCENSUS = os.environ.get("AMLOCAL_TEST_OPENCENSUS", "")
needs_opencensus = unittest.skipUnless(
    OPENCENSUS and subprocess.run([OPENCENSUS, "-c", "import opencensus.ext.azure.log_exporter"],
                                  capture_output=True).returncode == 0,
    "needs opencensus-ext-azure (AMLOCAL_TEST_OPENCENSUS names a Python that has it)")

LAST_RESORT = "no handler is set up: Python's last resort took it"
NOBODY = "no handler is set up, and Python's last resort takes WARNING and above: call logging.basicConfig"
TOO_LOW = "level DEBUG is below the logger's INFO: call setLevel"


class Logging(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        shutil.copytree(FIXTURE, self.folder, dirs_exist_ok=True)

    def run_job(self, *words, script=None, python=None):
        if script:
            (self.folder / "src/train.py").write_text(script)
        job = self.folder / "job.yml"
        if python:
            job.write_text(job.read_text().replace("command: python", "command: " + python))
        return subprocess.run([AMLOCAL, "run", "job.yml", "--name", "r", *words], cwd=self.folder,
                              capture_output=True, text=True, timeout=120)

    def table(self, **how):
        """{text: (went to, why)} of the table."""
        done = self.run_job("--explain-logs", **how)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = done.stdout[done.stdout.index("LINE ") :].splitlines()
        starts = [lines[0].index(word) for word in ("LINE", "CALL", "TEXT", "WENT TO", "WHY")]
        rows = [[line[a:b].strip() for a, b in zip(starts, starts[1:] + [None])] for line in lines[1:] if line]
        return {row[2]: (row[3], row[4]) for row in rows}

    def test_fixture(self):
        table = self.table()
        self.assertEqual(table["rows"], ("metric", ""))
        self.assertEqual(table["training on 3 rows"], ("driver log", ""))
        self.assertEqual(table["weights start at zero"], ("nowhere", TOO_LOW))
        self.assertEqual(table["an epoch took 3 s"], ("nowhere", NOBODY))
        if "opencensus-ext-azure is not installed: t…" in table:
            self.assertEqual(table["few rows"], ("driver log", LAST_RESORT))
        # What the table says is what the log has.
        log = (self.folder / ".amlocal/runs/r/steps/job/user_logs/std_log.txt").read_text()
        self.assertIn("training on 3 rows", log)
        self.assertNotIn("weights start", log)
        self.assertNotIn("an epoch took", log)

    @needs_opencensus
    def test_fixture_with_the_real_handler(self):
        table = self.table(python=OPENCENSUS)
        self.assertEqual(table["an epoch took 3 s"], ("nowhere", NOBODY))
        self.assertEqual(table["few rows"], ("traces", ""))
        self.assertEqual(table["accuracy is below 0.5"],
                         ("traces", "its dimensions were not sent: give them as extra={'custom_dimensions': {...}}"))
        kept = [json.loads(line)["data"]["baseData"] for line in
                (self.folder / ".amlocal/runs/r/telemetry.jsonl").read_text().splitlines()]
        self.assertEqual([one["message"] for one in kept], ["few rows", "accuracy is below 0.5"])
        self.assertEqual(["run_id" in one["properties"] for one in kept], [True, False])

    def test_handlers_and_levels(self):
        table = self.table(script='''
import logging, sys
logger = logging.getLogger("mine")
handler = logging.StreamHandler(sys.stdout)
handler.setLevel(logging.ERROR)
logger.addHandler(handler)
logger.addHandler(logging.FileHandler("mine.log", delay=True))
logger.handlers[1].setLevel(logging.CRITICAL)
logger.warning("for none of them")
logger.error("for one")
logger.critical("for two")
quiet = logging.getLogger("quiet")
quiet.addHandler(logging.NullHandler())
quiet.error("into the void")
logging.disable(logging.INFO)
logging.getLogger("off").info("switched off")
if logging.getLogger("off").isEnabledFor(logging.INFO):
    raise SystemExit("not reached")
for n in range(3):
    print("a loop")
print("to a file", file=open("other.txt", "w"))
''')
        self.assertEqual(table, {
            "for none of them": ("nowhere", "its handlers take ERROR and above"),
            "for one": ("driver log", ""), "for two": ("driver log, file mine.log", ""),
            "into the void": ("nowhere", "its only handler is a NullHandler"),
            "switched off": ("nowhere", "logging.disable is at INFO"), "a loop ×3": ("driver log", "")})

    def test_nothing_logged(self):
        done = self.run_job("--explain-logs", script="pass")
        self.assertIn("no call of logging, print or run.log was seen in the steps' own files", done.stdout)

    def test_without_the_option_nothing_is_watched(self):
        done = self.run_job()
        self.assertNotIn("WENT TO", done.stdout)
        self.assertEqual(list(self.folder.rglob("logging-calls.jsonl")), [])

    def test_not_with_json(self):
        done = self.run_job("--explain-logs", "--json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--explain-logs draws a table, and --json has none", done.stderr)

    def check_bad_string(self, done):
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout + done.stderr, "ValueError: Invalid connection string")
        self.assertIn("call AzureLogHandler() without a connection string", done.stdout + done.stderr)

    def test_a_bad_connection_string_is_explained(self):
        self.check_bad_string(self.run_job(script='raise ValueError("Invalid connection string")'))

    @needs_opencensus
    def test_a_bad_connection_string_of_the_real_handler(self):
        self.check_bad_string(self.run_job(python=OPENCENSUS, script='''
from opencensus.ext.azure.log_exporter import AzureLogHandler
AzureLogHandler(connection_string="<connection string>")
'''))


unittest.main()
