#!/usr/bin/env python3
"""Steps whose inputs and outputs are real mounts.

    mount_test.py AMLOCAL

Needs /dev/fuse and the right to mount; says so and is skipped where there is none.
"""

import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs" / "schemas"
sys.path.insert(0, str(ROOT / "tests" / "house"))
import schemas  # noqa: E402

SLOWDOWN = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "slowdown"
AMLOCAL = ""
DEADLINE_S = 60


class MountTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-mount-")).resolve()
        shutil.copytree(SLOWDOWN, self.folder, dirs_exist_ok=True)
        (self.folder / "amlocal.yml").write_text("")
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        for name in ("AMLOCAL_SUPERVISOR", "AMLOCAL_MOUNT", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def tearDown(self):
        self.assertEqual(self.mounts(), [], "a mount was left behind")
        shutil.rmtree(self.folder)

    def mounts(self):
        return [line for line in pathlib.Path("/proc/mounts").read_text().splitlines() if str(self.folder) in line]

    def call(self, *words, status=0):
        done = subprocess.run([AMLOCAL, *words], cwd=self.folder, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=DEADLINE_S)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def write_step(self, command, **step):
        (self.folder / "one.yml").write_text("type: pipeline\njobs:\n  one: " + json.dumps(
            {"command": command, "environment": "azureml:base:1", **step}) + "\n")

    def test_the_slowdown_from_its_record_to_its_cure(self):
        self.call("run", "pipeline.yml", "--cost", "blob-standard", "--set", "epochs=20", "--name", "slow")
        counted = json.loads(subprocess.run([sys.executable, self.folder / "count.py", "20"], check=True,
                                            stdout=subprocess.PIPE).stdout)
        report = json.loads(self.call("io", "report", "--json"))
        rows = {row["path"]: row for row in report["files"]}
        self.assertEqual({name: (rows[name]["bytes_written"], rows[name]["bytes_sent"]) for name in counted},
                         {name: (file["written"], file["sent"]) for name, file in counted.items()})
        puts = [row for row in report["operations"] if row["operation"] == "put"][0]
        self.assertEqual(puts["requests"], sum(file["puts"] for file in counted.values()))
        self.assertEqual(rows["eval.log"]["closes"], 2)
        self.assertEqual(report["lines"][0]["line"], "train.py:45")
        self.assertEqual({row["path"] for row in report["lines"]}, set(counted))
        growth = report["growth"][0]["points"]
        self.assertGreater(growth[-1]["seconds"], 5 * growth[0]["seconds"])
        self.assertRegex(self.call("io", "report"), r"train.log: 20 puts grow: .* the first time, .* the last")
        self.call("io", "report", "--plot", "growth.svg")
        self.assertIn("<svg", (self.folder / "growth.svg").read_text())

        advice = json.loads(self.call("io", "advise", "--json"))["steps"][0]["advice"]
        self.assertEqual([(one["rule"], one["path"], one["line"]) for one in advice],
                         [("append-in-loop", "train.log", "train.py:45"), ("kept-open", "summary.txt", "train.py:43")])
        self.assertIn("mode: upload", advice[0]["fix"])

        again = json.loads(self.call("io", "compare", "slow/train", "--mode", "outputs.logs=upload", "--rerun", "--json"))
        recorded, predicted, measured = again["scenarios"]
        self.assertEqual(recorded["least"]["bytes_sent"], sum(file["sent"] for file in counted.values()))
        self.assertEqual(predicted["least"]["requests"], len(counted))
        self.assertEqual(predicted["least"]["bytes_sent"], sum(file["written"] for file in counted.values()))
        self.assertFalse(predicted["needs_rerun"])
        self.assertTrue(measured["measured"])
        # Which thread sends which file is chance; what is sent is not.
        self.assertEqual({**measured["least"], "elapsed": 0}, {**predicted["least"], "elapsed": 0})
        self.assertAlmostEqual(measured["least"]["elapsed"], predicted["least"]["elapsed"],
                               delta=0.05 * predicted["least"]["elapsed"])
        self.assertAlmostEqual(recorded["least"]["elapsed"] - predicted["least"]["elapsed"], advice[0]["saved_seconds"])
        for name, text in (("report", json.dumps(report)), ("compare", json.dumps(again)),
                           ("advise", self.call("io", "advise", "slow", "--json"))):
            schema = json.loads((SCHEMAS / f"io-{name}.json").read_text())
            self.assertEqual(schemas.fits(json.loads(text), schema, schema), "")

    def test_the_real_clock_confirms_what_was_added_up(self):
        def times():
            growth = json.loads(self.call("io", "report", "--json"))["growth"][0]
            self.assertEqual(growth["path"], "train.log")
            points = growth["points"]
            return points[-1]["at"] - points[0]["at"], sum(point["seconds"] for point in points[:-1])

        for clock, confirms in (("real", self.assertGreater), ("ledger", self.assertLess)):
            self.call("run", "pipeline.yml", "--cost", "blob-standard", "--clock", clock, "--set", "epochs=12")
            confirms(*times(), clock)

    def test_a_profile_is_compared_and_measured(self):
        self.call("run", "pipeline.yml", "--cost", "blob-standard", "--set", "epochs=5", "--name", "slow")
        out = json.loads(self.call("io", "compare", "slow", "--mount-profile", "dprep", "--mount-profile", "blobfuse2",
                                   "--rerun", "--json"))["scenarios"]
        for predicted, measured in ((out[1], out[2]), (out[3], out[4])):
            self.assertEqual({**measured["least"], "elapsed": 0, "seconds": 0},
                             {**predicted["least"], "elapsed": 0, "seconds": 0}, predicted["name"])
            self.assertAlmostEqual(measured["least"]["elapsed"], predicted["least"]["elapsed"],
                                   delta=0.05 * predicted["least"]["elapsed"])

    def test_a_step_of_a_nested_pipeline_is_compared_and_measured(self):
        (self.folder / "inner.yml").write_text("type: pipeline\nname: inner\njobs:\n  log: " + json.dumps({
            "command": "for n in 1 2 3; do echo $n >> ${{outputs.out}}/log; done", "environment": "azureml:base:1",
            "outputs": {"out": {"type": "uri_folder"}}}) + "\n")
        (self.folder / "one.yml").write_text(
            "type: pipeline\njobs:\n  outer:\n    type: pipeline\n    component: ./inner.yml\n")
        self.call("run", "one.yml", "--cost", "blob-standard", "--name", "nest")
        out = json.loads(self.call("io", "compare", "nest/outer/log", "--mode", "outputs.out=upload", "--mount-profile",
                                   "blobfuse2", "--rerun", "--json"))["scenarios"]
        self.assertEqual([(row["least"]["bytes_sent"], row["measured"]) for row in out],
                         [(12, True), (6, False), (6, True), (12, False), (12, True)])
        for predicted, measured in ((out[1], out[2]), (out[3], out[4])):
            self.assertEqual(measured["least"], predicted["least"], predicted["name"])

    def test_lines_are_known_where_the_path_has_blanks(self):
        project = self.folder / "my project"
        shutil.copytree(SLOWDOWN, project)
        (project / "amlocal.yml").write_text("")
        self.call("run", "my project/pipeline.yml", "--cost", "blob-standard", "--set", "epochs=3", "--name", "blank")
        self.folder = project
        try:
            report = json.loads(self.call("io", "report", "blank", "--json"))
        finally:
            self.folder = project.parent
        self.assertEqual(report["lines"][0]["line"], "train.py:45")

    def test_what_cannot_be_compared_is_said(self):
        self.write_step("true", outputs={"out": {"type": "uri_folder"}})
        self.call("run", "one.yml", "--cost", "blob-standard")
        self.assertIn("it has outputs.out", self.call("io", "compare", "@last", "--mode", "outputs.ot=upload", status=1))
        self.assertIn("did you mean 'upload'?", self.call("io", "compare", "@last", "--mode", "outputs.out=uplod", status=2))
        self.assertIn("talks to the store itself",
                      self.call("io", "compare", "@last", "--mode", "outputs.out=direct", status=2))
        self.assertIn("did you mean 'dprep'?", self.call("io", "compare", "@last", "--mount-profile", "dprp", status=2))
        self.assertIn("did you mean 'line'?", self.call("io", "report", "--by", "lin", status=2))
        self.assertIn("nothing was written to outputs.out", self.call("io", "advise"))
        self.call("run", "one.yml", "--cost", "blob-standard", "--mode", "one.outputs.out=upload")
        self.assertIn("--trace full", self.call("io", "compare", "@last", "--mode", "outputs.out=rw_mount", status=1))

    def test_without_mounts_there_is_no_record(self):
        # Without mounts it is estimated from what the audit hook saw.
        self.call("run", "pipeline.yml", "--set", "epochs=20", "--name", "mounted")
        self.call("run", "pipeline.yml", "--set", "epochs=20", "--data-access", "link", "--name", "linked")
        mounted, linked = (json.loads(self.call("io", "report", run, "--json"))["files"][0] for run in ("mounted", "linked"))
        for key in ("path", "opens", "closes", "bytes_written", "bytes_sent"):
            self.assertEqual(linked[key], mounted[key], key)
        self.assertIn("estimated: this run had no mounts", self.call("io", "report", "linked"))
        self.assertIn("mode: upload", self.call("io", "advise", "linked"))
        self.assertIn("outputs.logs=upload", self.call("io", "compare", "linked", "--mode", "outputs.logs=upload"))
        self.write_step("true")
        self.call("run", "one.yml")
        self.assertIn("--data-access mount", self.call("io", "report", "@last", status=1))

    def test_an_input_is_read_only_and_a_file_is_mounted_alone(self):
        (self.folder / "data").mkdir()
        (self.folder / "data/rows.csv").write_text("1,2\n")
        (self.folder / "data/other.csv").write_text("3\n")
        self.write_step(
            "cat ${{inputs.one}}; ls $(dirname ${{inputs.one}}); echo x >> ${{inputs.one}}; rm -f ${{inputs.all}}/other.csv; "
            "ls ${{inputs.all}} | wc -l; cp ${{inputs.one}} ${{outputs.out}}",
            inputs={"one": {"type": "uri_file", "path": "data/rows.csv"}, "all": {"type": "uri_folder", "path": "data"}},
            outputs={"out": {"type": "uri_file"}})
        self.call("run", "one.yml", "--data-access", "mount")
        log = self.call("runs", "logs", "@last/one")
        self.assertEqual(log.splitlines()[:2], ["1,2", "rows.csv"])
        self.assertIn("Read-only file system", log)
        self.assertEqual(log.splitlines()[-1], "2")
        self.assertEqual((self.folder / "data/rows.csv").read_text(), "1,2\n")
        outputs = json.loads(self.call("runs", "show", "--json"))["steps"][0]["outputs"]
        self.assertEqual(pathlib.Path(outputs[0]["path"]).read_text(), "1,2\n")

    def test_sigkill_leaves_no_mount_and_what_was_closed_is_there(self):
        self.write_step(
            "echo closed > ${{outputs.out}}/a; echo started; sleep 60 > ${{outputs.out}}/held",
            outputs={"out": {"type": "uri_folder"}})
        child = subprocess.Popen([AMLOCAL, "run", "one.yml", "--data-access", "mount", "--name", "k"], cwd=self.folder,
                                 env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        log = self.folder / ".amlocal/runs/k/steps/one/user_logs/std_log.txt"
        self.wait_for(lambda: log.exists() and "started" in log.read_text(), "the step to start")
        child.send_signal(signal.SIGKILL)
        child.wait()
        self.wait_for(lambda: not self.processes(), "its processes to end")
        [kept] = self.folder.glob(".amlocal/datastores/workspaceblobstore/azureml/*/out/a")
        self.assertEqual(kept.read_text(), "closed\n")

    def test_a_mount_process_that_dies_fails_the_step_with_its_reason(self):
        # M50. From inside, the mount process cannot be named: it is killed from here.
        self.write_step("echo started; for n in $(seq 200); do ls ${{outputs.out}} >/dev/null 2>&1 || break; sleep 0.05; done; "
                        "ls ${{outputs.out}}", outputs={"out": {"type": "uri_folder"}})
        child = subprocess.Popen([AMLOCAL, "run", "one.yml", "--data-access", "mount", "--name", "d"], cwd=self.folder, text=True,
                                 env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        log = self.folder / ".amlocal/runs/d/steps/one/user_logs/std_log.txt"
        self.wait_for(lambda: log.exists() and "started" in log.read_text(), "the step to start")
        for pid in self.children_of(child.pid, "amlocal-mount"):
            os.kill(pid, signal.SIGKILL)
        out, _ = child.communicate(timeout=DEADLINE_S)
        self.assertEqual(child.returncode, 1, out)
        self.assertIn("Transport endpoint is not connected", out)

    def test_words_are_checked_before_anything_starts(self):
        self.assertIn("did you mean 'rslex'?", self.call("run", "pipeline.yml", "--data-access", "mount", "--mount-profile", "rslx", status=2))
        self.assertIn("leave out --data-access link", self.call("run", "pipeline.yml", "--data-access", "link", "--cost", "blob-standard", status=2))
        self.assertIn("did you mean 'mount'?", self.call("run", "pipeline.yml", "--data-access", "mont", status=2))
        self.assertIn("blob-standard", self.call("run", "pipeline.yml", "--data-access", "mount", "--cost", "blob-standrd", status=1))

    def test_a_mount_holds_no_descriptor_of_its_caller(self):
        (self.folder / ".amlocal" / "datastores" / "workspaceblobstore" / "raw").mkdir(parents=True)
        (self.folder / "seen").mkdir()
        reading, writing = os.pipe()
        try:
            # Both are read to their end, as $(amlocal mount …) does.
            with subprocess.Popen([AMLOCAL, "mount", "azureml://datastores/workspaceblobstore/paths/raw", "seen"],
                                  cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[writing]) as command:
                os.close(writing)
                for end, what in ((command.stdout.fileno(), "its output"), (reading, "another descriptor")):
                    while True:
                        self.assertTrue(select.select([end], [], [], DEADLINE_S / 4)[0], f"the mount keeps {what}")
                        if not os.read(end, 4096):
                            break
            self.assertEqual(command.returncode, 0)
            self.assertIn("seen", self.call("mounts"))
        finally:
            os.close(reading)
            self.call("umount", "seen")

    def test_faults_strike_where_they_are_told_to(self):
        self.write_step(
            "for n in 1 2 3 4; do echo $n >> ${{outputs.out}}/log || echo refused $n; done; cat ${{inputs.all}}/rows.csv",
            inputs={"all": {"type": "uri_folder", "path": "data"}}, outputs={"out": {"type": "uri_folder"}})
        (self.folder / "data").mkdir()
        (self.folder / "data/rows.csv").write_text("1,2\n")
        out = self.call("run", "one.yml", "--fault", "one.outputs.out open nth=3 EIO", "--fault", "* read ENOSPC",
                        "--fault", "store put nth=99 503", "--name", "f", status=1)
        log = (self.folder / ".amlocal/runs/f/steps/one/user_logs/std_log.txt").read_text()
        self.assertIn("refused 3", log)
        self.assertNotIn("refused 4", log)
        self.assertIn("cat: ", log)
        self.assertIn("No space left on device", log)
        self.assertIn("the mount said last: inputs.all: fault '* read ENOSPC' struck read of 'rows.csv'", out)
        self.assertIn("fault 'store put nth=99 503' never fired: of 4 that could have been hit, none was the right one", out)
        self.assertIn("Run the rest (its faults left out) with:\n  amlocal run one.yml --resume f\n", out)

    def test_what_a_step_survived_is_told_as_what_it_was(self):
        (self.folder / "data").mkdir()
        (self.folder / "data/rows.csv").write_text("1,2\n")
        self.write_step("for n in 1 2 3; do echo $n >> ${{outputs.out}}/log || true; done; cat ${{inputs.all}}/rows.csv || true",
                        inputs={"all": {"type": "uri_folder", "path": "data"}}, outputs={"out": {"type": "uri_folder"}})
        refused = "it finished although its mounts refused something"
        out = self.call("run", "one.yml", "--fault", "one.outputs.out open delay=1ms", "--cost", "blob-premium")
        self.assertIn("note: one: fault 'one.outputs.out open delay=1ms' delayed it 3 times\n", out)
        self.assertNotIn("although", out)
        self.assertTrue(out.endswith("what that costs in the cloud: amlocal io report @last --cost blob-premium\n"), out)
        out = self.call("run", "one.yml", "--fault", "one.outputs.out open nth=2 EIO")
        self.assertIn("note: one: it finished although fault 'one.outputs.out open nth=2 EIO' struck once\n", out)
        self.assertNotIn(refused, out)
        self.assertNotIn("io report", out)
        self.write_step("cd ${{outputs.out}}; echo 1 > a; echo 2 > b; for n in 1 2; do mv -f b a || true; done",
                        outputs={"out": {"type": "uri_folder"}})
        out = self.call("run", "one.yml", "--mount-profile", "dprep")
        self.assertIn(f"note: one: {refused} 2 times; last: outputs.out: rename of 'b' to 'a' was refused", out)

    def test_a_step_sees_the_clouds_paths(self):
        blank = self.folder / "a project"
        blank.mkdir()
        (blank / "amlocal.yml").write_text("")
        (blank / "one.yml").write_text("type: pipeline\njobs:\n  one: " + json.dumps({
            "command": "pwd; ls /mnt; echo ${{outputs.out}}; echo 1 > made; ln -s $PWD/made ${{outputs.up}}/link; "
                       "python3 -c \"open('${{outputs.out}}/a', 'w').write('1')\"",
            "environment": "azureml:base:1",
            "outputs": {"out": {"type": "uri_folder"}, "up": {"type": "uri_folder", "mode": "upload"}}}) + "\n")
        self.call("run", "a project/one.yml", "--name", "c")
        log = (blank / ".amlocal/runs/c/steps/one/user_logs/std_log.txt").read_text().splitlines()
        self.assertRegex(log[0], "^/mnt/azureml/cr/j/[0-9a-f]{32}/exe/wd$")
        self.assertEqual(log[1:-1], sorted({"azureml", *os.listdir("/mnt")}))
        self.assertEqual(log[-1], log[0].replace("exe/wd", "cap/data-capability/wd/out"))
        [linked] = blank.glob(".amlocal/datastores/workspaceblobstore/azureml/*/up/link")
        self.assertFalse(linked.is_symlink())
        self.assertEqual(linked.read_text(), "1\n")
        self.folder, project = blank, self.folder
        lines = json.loads(self.call("io", "report", "c", "--json"))["lines"]
        self.folder = project
        self.assertEqual([row["path"] for row in lines], ["a"])

    def test_uploads_and_downloads_are_charged(self):
        (self.folder / "data").mkdir()
        for n in range(3):
            (self.folder / f"data/{n}.csv").write_bytes(bytes(5_000_000))
        self.write_step("for n in 1 2 3; do cat ${{inputs.all}}/*.csv >> ${{outputs.out}}/log; done",
                        inputs={"all": {"type": "uri_folder", "path": "data", "mode": "download"}},
                        outputs={"out": {"type": "uri_folder", "mode": "upload"}})
        for extra in ([], ["--trace", "full"]):
            self.call("run", "one.yml", "--cost", "blob-standard", *extra)
            report = json.loads(self.call("io", "report", "--json"))
            spent = {row["operation"]: row for row in report["operations"]}
            # One put of the whole file, whatever was appended; of each input a get for each 4 MiB.
            self.assertEqual((spent["put"]["requests"], spent["put"]["bytes_sent"]), (1, 45_000_000))
            self.assertEqual((spent["get"]["requests"], spent["get"]["bytes_fetched"]), (6, 15_000_000))
            opened = [row for row in report["files"] if row["path"] == "log" and row["opens"] > 0]
            self.assertEqual([row["closes"] >= 3 for row in opened], [True] if extra else [])
            outputs = json.loads(self.call("runs", "show", "--json"))["steps"][0]["outputs"]
            self.assertEqual((pathlib.Path(outputs[0]["path"]) / "log").stat().st_size, 45_000_000)

    def test_transfers_come_before_and_after_the_step_in_the_elapsed_time(self):
        (self.folder / "rows.csv").write_bytes(bytes(3_000_000))
        self.write_step("cat ${{inputs.one}} > ${{outputs.log}}/a; cp ${{inputs.one}} ${{outputs.up}}/b",
                        inputs={"one": {"type": "uri_file", "path": "rows.csv", "mode": "download"}},
                        outputs={"log": {"type": "uri_folder"}, "up": {"type": "uri_folder", "mode": "upload"}})
        self.call("run", "one.yml", "--cost", "blob-standard")
        total = json.loads(self.call("io", "report", "--json"))["total"]
        # One file at each end and one in the step: nothing of it is side by side.
        self.assertAlmostEqual(total["elapsed"], total["seconds"])
        recorded, predicted, measured = json.loads(self.call(
            "io", "compare", "@last", "--mode", "outputs.log=upload", "--rerun", "--json"))["scenarios"]
        self.assertEqual(recorded["least"]["elapsed"], total["elapsed"])
        self.assertAlmostEqual(measured["least"]["elapsed"], predicted["least"]["elapsed"],
                               delta=0.05 * predicted["least"]["elapsed"])

    def test_an_upload_that_the_store_refuses_publishes_nothing(self):
        self.write_step("echo 1 > ${{outputs.out}}/a", outputs={"out": {"type": "uri_folder", "mode": "upload"}})
        out = self.call("run", "one.yml", "--fault", "store put 403", status=1)
        self.assertIn("'a' of output 'out' did not reach the datastore: the store refused to put 'a'", out)
        self.assertEqual(list(self.folder.glob(".amlocal/datastores/workspaceblobstore/azureml/*/out/a")), [])

    def test_what_was_not_sent_is_kept_and_shown_once(self):
        self.write_step("echo kept > ${{outputs.out}}/a", outputs={"out": {"type": "uri_folder"}})
        out = self.call("run", "one.yml", "--fault", "store put 403", "--name", "u", status=1)
        self.assertIn("'a' of output 'out' did not reach the datastore", out)
        kept = ".amlocal/runs/u/steps/one/unsent"
        self.assertEqual((self.folder / kept / "outputs.out/a").read_text(), "kept\n")
        shown = self.call("runs", "show", "u")
        self.assertEqual(shown.count("not sent"), 1, shown)
        self.assertIn(f"not sent, kept in {kept}:\n    outputs.out/a\n", shown)

    def test_a_mount_that_disconnects(self):  # A17
        self.write_step("cat ${{inputs.all}}/*.csv > /dev/null; ls ${{inputs.all}}",
                        inputs={"all": {"type": "uri_folder", "path": "data"}})
        (self.folder / "data").mkdir()
        for n in range(3):
            (self.folder / f"data/{n}.csv").write_bytes(bytes(1_000_000))
        out = self.call("run", "one.yml", "--fault", "one.inputs.all disconnect after=1MB", status=1)
        self.assertIn("Transport endpoint is not connected", out)
        self.assertNotIn("never fired", out)

    def test_a_mount_that_disconnects_at_once(self):
        # At the first request: were it the mount process's own, it would wait for itself for ever.
        self.write_step("ls ${{inputs.all}}; echo > ${{outputs.out}}/a", inputs={"all": {"type": "uri_folder", "path": "data"}},
                        outputs={"out": {"type": "uri_folder"}})
        (self.folder / "data").mkdir()
        for binding in ("inputs.all", "outputs.out"):
            out = self.call("run", "one.yml", "--fault", f"one.{binding} disconnect", status=1)
            self.assertIn(f"fault 'one.{binding} disconnect' struck", out)

    def test_faults_of_the_project_and_wrong_ones(self):
        self.write_step("python3 -c \"open('${{outputs.out}}/a', 'w').close()\"", outputs={"out": {"type": "uri_folder"}})
        (self.folder / "amlocal.yml").write_text("faults:\n  - one.outputs.out close EIO\n")
        self.assertIn("Run the rest (the faults of amlocal.yml strike again) with:", self.call("run", "one.yml", status=1))
        (self.folder / "amlocal.yml").write_text("faults:\n  - one.outputs.out clse EIO\n")
        out = self.call("run", "one.yml", status=1)
        self.assertIn("amlocal.yml:2:21", out)
        self.assertIn("did you mean 'close'?", out)
        (self.folder / "amlocal.yml").write_text("")
        self.assertIn("did you mean 'ENOSPC'?", self.call("run", "one.yml", "--fault", "* read ENOSP", status=1))
        self.assertIn("leave out --data-access link",
                      self.call("run", "one.yml", "--fault", "* read EIO", "--data-access", "link", status=2))

    def children_of(self, pid, name):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid \
                        and (entry / "comm").read_text().strip() == name:
                    found.append(int(entry.name))
            except OSError:
                pass
        return found

    def processes(self):
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and str(self.folder).encode() in (entry / "cmdline").read_bytes():
                    found.append(entry.name)
            except OSError:
                pass
        return found

    def wait_for(self, condition, what):
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"waited for {what}")
            time.sleep(0.02)


def why_not():
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "needs fuse: /dev/fuse cannot be opened"
    return ""


if __name__ == "__main__":
    AMLOCAL = str(pathlib.Path(sys.argv.pop(1)).resolve())
    if why_not():
        print(why_not())
        sys.exit(77)
    unittest.main()
