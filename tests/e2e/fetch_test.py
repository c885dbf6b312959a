#!/usr/bin/env python3
"""https inputs, against a real server that drops connections, changes files and refuses.

    fetch_test.py AMLOCAL
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from http_server import File, Server, self_signed  # noqa: E402

AMLOCAL = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
JOB = """type: command
command: echo "name $(basename "${{{{inputs.raw}}}}") sum $(sha256sum < "${{{{inputs.raw}}}}")"
environment: azureml:any:1
inputs:
  raw:
    type: {type}
    path: {path}
"""
BIG = bytes(range(256)) * 4096  # 1 MiB


class Fetch(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-fetch-")).resolve()
        (self.folder / "amlocal.yml").write_text(f"environments:\n  default: {sys.executable}\n")
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                            "no_proxy": "127.0.0.1,localhost"}
        for name in ("AMLOCAL_SUPERVISOR", "ASAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def job(self, path, type="uri_file"):
        (self.folder / "job.yml").write_text(JOB.format(path=path, type=type))

    def start(self, *words, **more):
        return subprocess.Popen([AMLOCAL, *words], cwd=self.folder,
                                env={**self.environment, **more}, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def call(self, *words, status=0, **more):
        child = self.start(*words, **more)
        out, err = child.communicate(timeout=120)
        self.assertEqual(child.returncode, status, f"{words}\n{out}\n{err}")
        return out + err

    def read_by_step(self):
        """The name and the checksum of what the last run's step found."""
        words = self.call("logs", "@last").split()
        return words[words.index("name") + 1], words[words.index("sum") + 1]

    def assert_step_got(self, name, content):
        import hashlib
        self.assertEqual(self.read_by_step(), (name, hashlib.sha256(content).hexdigest()))

    def test_a_file_is_fetched_once_and_then_asked_for(self):
        with Server({"/data/a%20b.csv": File(BIG, etag='"one"')}) as server:
            self.job(server.url("/data/a%20b.csv?sig=q7SIGNED3x"))
            self.call("run", "job.yml")
            self.call("run", "job.yml")
            asked = [headers.get("if-none-match") for _, headers in server.requests]
            self.assertEqual(asked, [None, '"one"'])
            words = self.call("logs", "@last")
            self.assertIn("name a b.csv sum", words)
            # A changed file is fetched again.
            server.http.files["/data/a%20b.csv"] = File(b"new", etag='"two"')
            self.call("run", "job.yml")
            self.assertNotEqual(self.call("logs", "@last"), words)
        # The signature is in no record.
        found = subprocess.run(["grep", "-rl", "q7SIGNED3x", ".amlocal"], cwd=self.folder, text=True,
                               capture_output=True, check=False).stdout
        self.assertEqual(found, "")

    def test_a_dropped_connection_goes_on_where_it_was(self):
        with Server({"/a.bin": File(BIG, etag='"x"', drop_after=[300000, 200000])}) as server:
            self.job(server.url("/a.bin"))
            self.call("run", "job.yml")
            self.assertEqual([headers.get("range") for _, headers in server.requests],
                             [None, "bytes=300000-", "bytes=500000-"])
            self.assertEqual(server.requests[1][1]["if-range"], '"x"')
        self.assert_step_got("a.bin", BIG)

    def test_a_file_without_a_validator_begins_anew(self):
        with Server({"/a.bin": File(BIG, drop_after=[300000])}) as server:
            self.job(server.url("/a.bin"))
            self.call("run", "job.yml")
            self.assertNotIn("range", server.requests[0][1])
        self.assert_step_got("a.bin", BIG)

    def test_a_file_that_changed_meanwhile_is_not_mixed(self):
        other = bytes(reversed(BIG))
        old = File(BIG, etag='"old"', drop_after=[400000])
        with Server({"/a.bin": old}) as server:
            self.job(server.url("/a.bin"))
            child = self.start("run", "job.yml")
            wait_until(lambda: not old.drop_after)
            server.http.files["/a.bin"] = File(other, etag='"new"')
            child.communicate(timeout=60)
            self.assertEqual(child.returncode, 0)
        self.assert_step_got("a.bin", other)

    def test_a_busy_server_is_asked_again_when_it_says_so(self):
        with Server({"/a.csv": File(b"1", refusals=[(503, {"Retry-After": "1"})])}) as server:
            self.job(server.url("/a.csv"))
            began = time.monotonic()
            self.call("run", "job.yml")
            self.assertGreaterEqual(time.monotonic() - began, 1)
            self.assertEqual(len(server.requests), 2)

    def test_refusals(self):
        with Server({"/private.csv": File(b"", refusals=[(403, {})])}) as server:
            self.job(server.url("/none.csv?sig=q7SIGNED3x"))
            text = self.call("run", "job.yml", status=1)
            self.assertIn(f"cannot fetch {server.url('/none.csv')}: the server answers 404", text)
            self.assertIn("fetching input 'raw'", text)
            self.assertIn("hint: open the address in a browser", text)
            self.assertNotIn("q7SIGNED3x", text)
            self.assertEqual(len(server.requests), 1)
            self.job(server.url("/private.csv"))
            self.assertIn("needs a signature (SAS)", self.call("run", "job.yml", status=1))
            server.http.files["/part.csv"] = File(b"", refusals=[(206, {"Content-Range": "bytes 500-502/9"})])
            self.job(server.url("/part.csv"))
            self.assertIn("answered with another part of the file than was asked for",
                          self.call("run", "job.yml", status=1))
            self.job(server.url("/a.csv"), type="uri_folder")
            text = self.call("run", "job.yml", status=1)
            self.assertIn("input 'raw' is a uri_folder", text)
            self.assertIn("hint: declare it as uri_file", text)
            self.job(server.url("/folder/"))
            self.assertIn("does not end in the name of a file",
                          self.call("run", "job.yml", status=1))
        self.job("https://nowhere.invalid/a.csv")
        text = self.call("run", "job.yml", status=1)
        self.assertIn("cannot fetch https://nowhere.invalid/a.csv: the host 'nowhere.invalid' is "
                      "not known", text)
        self.assertFalse((self.folder / ".amlocal" / "runs").exists()
                         and os.listdir(self.folder / ".amlocal" / "runs"))

    def test_a_certificate_nobody_signed(self):
        pem = self_signed(self.folder)
        with Server({"/a.csv": File(b"1", etag='"1"')}, certificate=pem) as server:
            self.job(server.url("/a.csv"))
            text = self.call("run", "job.yml", status=1)
            self.assertIn("no secure connection to 'localhost:", text)
            self.assertIn("hint: if a company's own authority signs it, point SSL_CERT_FILE", text)
            self.call("run", "job.yml", SSL_CERT_FILE=f"{pem}.crt")
            # A copy is here now, but what cannot be trusted is not passed over in silence.
            self.call("run", "job.yml", status=1)

    def test_without_a_network_the_copy_stands_in(self):
        with Server({"/a.csv": File(BIG, etag='"1"')}) as server:
            self.job(server.url("/a.csv"))
            self.call("run", "job.yml")
        text = self.call("run", "job.yml")
        self.assertRegex(text, r"note: input 'raw': cannot fetch .* the copy of .* stands in")
        self.assert_step_got("a.csv", BIG)
        # A copy that somebody cut short is none.
        copy, = (self.folder / ".amlocal" / "cache" / "https").glob("*/*/a.csv")
        os.truncate(copy, 10)
        self.assertIn("does not answer", self.call("run", "job.yml", status=1))

    def test_stopped_in_the_middle(self):
        with Server({"/a.bin": File(BIG, etag='"1"', pause=0.2)}) as server:
            self.job(server.url("/a.bin"))
            child = self.start("run", "job.yml")
            wait_until(lambda: sum(path.stat().st_size for path in self.parts()) > 100000)
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=30)
            self.assertEqual(child.returncode, 130, err)
            self.assertIn("stopped while fetching", err)
            server.http.files["/a.bin"].pause = 0
            self.call("run", "job.yml")
            self.assertIn("range", server.requests[-1][1])
        self.assert_step_got("a.bin", BIG)
        self.assertEqual(self.parts(), [])

    def parts(self):
        return list((self.folder / ".amlocal" / "cache" / "https").glob("*/part"))

    def test_two_at_once(self):
        with Server({"/a.bin": File(BIG, etag='"1"', pause=0.05)}) as server:
            self.job(server.url("/a.bin"))
            children = [self.start("run", "job.yml") for _ in range(2)]
            for child in children:
                _, err = child.communicate(timeout=60)
                self.assertEqual(child.returncode, 0, err)
            whole = [1 for _, headers in server.requests if "if-none-match" not in headers]
            self.assertEqual(len(whole), 1)

    def test_a_dry_run_fetches_nothing(self):
        with Server({"/a.csv": File(b"1")}) as server:
            self.job(server.url("/a.csv"))
            self.call("run", "job.yml", "--dry-run")
            self.call("doctor", "job.yml")
            self.assertEqual(server.requests, [])

    def test_a_data_asset(self):
        with Server({"/a.csv": File(b"1")}) as server:
            self.call("data", "create", "--name", "far", "--path", server.url("/a.csv"),
                      "--type", "uri_file")
            self.job("azureml:far:1")
            self.call("run", "job.yml")
        self.assert_step_got("a.csv", b"1")

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
    def test_a_full_disk(self):
        small = self.folder / ".amlocal" / "cache"
        small.mkdir(parents=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", small],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("this machine mounts no tmpfs")
        try:
            with Server({"/a.bin": File(BIG, etag='"1"')}) as server:
                self.job(server.url("/a.bin"))
                text = self.call("run", "job.yml", status=1)
            self.assertIn("No space left on device", text)
            self.assertIn("fetching input 'raw'", text)
        finally:
            subprocess.run(["umount", small], check=True)

    def test_libcurl_is_loaded_only_when_needed(self):
        done = subprocess.run([AMLOCAL, "--version"], env={**self.environment, "LD_DEBUG": "libs"},
                              capture_output=True, text=True, check=True)
        self.assertNotIn("libcurl", done.stderr)


def wait_until(condition, deadline=30):
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("waited too long")
        time.sleep(0.01)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
