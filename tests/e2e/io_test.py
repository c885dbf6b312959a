#!/usr/bin/env python3
"""What `io report` and `io compare` tell of recorded steps.

    io_test.py AMLOCAL

Needs /dev/fuse and the right to mount; says so and is skipped where there is none.
"""

import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "house"))
import project  # noqa: E402
import schemas  # noqa: E402

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "schemas"

APPENDS = "for n in 1 2 3; do echo $n >> ${{outputs.out}}/log; done"


class Io(project.Project):
    def setUp(self):
        super().setUp()
        if "AMLOCAL_MOUNT" in os.environ:
            self.environment["AMLOCAL_MOUNT"] = os.environ["AMLOCAL_MOUNT"]

    def run_job(self, job, *words):
        self.write("one.yml", json.dumps(job))
        self.call("run", "one.yml", "--cost", "blob-standard", *words)

    def step(self, command, code=None):
        step = {"command": command, "environment": "azureml:base:1", "outputs": {"out": {"type": "uri_folder"}}}
        return {**step, "code": code} if code else step

    def run_python(self, script, *words):
        self.write("src/w.py", "import subprocess, sys\nOUT = sys.argv[1]\n" + script)
        self.run_job({"type": "pipeline", "jobs": {"one": self.step("python w.py ${{outputs.out}}", "src")}}, *words)
        return json.loads(self.call("io", "report", "--json"))

    def test_what_a_shell_wrote_is_on_no_python_line(self):
        report = self.run_python("for n in range(3):\n"
                                 "  open(OUT + '/python.log', 'a').write('x' * 1000)\n"
                                 "for n in range(5):\n"
                                 "  subprocess.run(f'echo {n} >> {OUT}/shell.log', shell=True, check=True)\n")
        self.assertEqual({(row["line"], row["path"]): row["opens"] for row in report["lines"]},
                         {("w.py:4", "python.log"): 3, ("", "shell.log"): 5})
        self.assertEqual(sum(row["bytes_sent"] for row in report["lines"]), report["total"]["bytes_sent"])
        self.assertIn("no Python line (a child process or native code) opened outputs.out:shell.log 5 times",
                      self.call("io", "report"))

    def test_what_an_open_fetches_is_on_its_line(self):
        for profile in ("blobfuse2", "dprep"):
            with self.subTest(profile=profile):
                report = self.run_python("open(OUT + '/big', 'w').write('x' * 3000000)\n"
                                         "with open(OUT + '/big', 'a') as big: big.write('y')\n",
                                         "--mount-profile", profile)
                self.assertEqual(sum(row["bytes_fetched"] for row in report["lines"]), report["total"]["bytes_fetched"])

    def test_the_waits_of_a_fault_are_in_both_sums(self):
        self.run_job({"type": "pipeline", "jobs": {"one": self.step("echo 1 > ${{outputs.out}}/a")}})
        plain = json.loads(self.call("io", "report", "--json"))["total"]
        for fault, least in (("store put first=2 503", 5), ("store throttle for=3s", 3), ("store slow x10", 5 * plain["seconds"])):
            with self.subTest(fault=fault):
                self.call("run", "one.yml", "--cost", "blob-standard", "--fault", fault)
                total = json.loads(self.call("io", "report", "--json"))["total"]
                self.assertGreater(total["seconds"], least)
                self.assertAlmostEqual(total["seconds"], total["elapsed"], places=6)

    def test_several_steps_are_one_document_and_one_plot(self):
        schema = json.loads((SCHEMAS / "io-report.json").read_text())
        self.run_job({"type": "pipeline", "jobs": {"a": self.step(APPENDS), "b": self.step(APPENDS)}})
        reports = json.loads(self.call("io", "report", "--json", "--plot", "x.svg"))
        self.assertEqual([report["step"] for report in reports], ["a", "b"])
        self.assertEqual(schemas.fits(reports, schema, schema), "")
        plot = (self.folder / "x.svg").read_text()
        self.assertIn("a.outputs.out:log", plot)
        self.assertIn("b.outputs.out:log", plot)
        self.call("io", "report", "--plot", "no/x.svg", status=1)
        self.assertIn("mkdir -p no", self.err)
        self.assertFalse((self.folder / "no").exists())

    def test_an_untraced_upload_does_not_tell_what_a_mount_would_cost(self):
        step = self.step(APPENDS)
        step["outputs"]["out"]["mode"] = "upload"
        self.run_job({"type": "pipeline", "jobs": {"one": step}})
        rows = json.loads(self.call("io", "compare", "@last", "--mount-profile", "rslex", "--json"))["scenarios"]
        self.assertEqual([row["needs_rerun"] for row in rows], [False, True])
        self.assertIn("what the step read and wrote of outputs.out, which was an upload",
                      rows[1]["doubts"][0])
        self.call("run", "one.yml", "--cost", "blob-standard", "--trace", "full")
        rows = json.loads(self.call("io", "compare", "@last", "--mount-profile", "ideal", "--json"))["scenarios"]
        self.assertEqual(rows[1]["doubts"], [])

    def test_only_rules_that_mattered_are_called_assumed(self):
        rule = "rename onto an existing file fails"
        self.run_job({"type": "pipeline", "jobs": {"one": self.step("cd ${{outputs.out}}; echo 1 > a; echo 2 > b")}})
        said = self.call("io", "report")
        self.assertIn("close uploads the whole object", said)
        self.assertNotIn(rule, said)
        self.run_job({"type": "pipeline", "jobs": {"one": self.step("cd ${{outputs.out}}; echo 1 > a; mv a b")}})
        self.assertIn(rule, self.call("io", "report"))

    def test_an_estimate_follows_renames_and_names_its_gaps(self):
        self.write("src/w.py", "import os, sys\nOUT = sys.argv[1]\n"
                               "for n in range(3):\n"
                               "  with open(f'{OUT}/ckpt.tmp', 'w') as file: file.write('x' * 100000)\n"
                               "  os.replace(f'{OUT}/ckpt.tmp', f'{OUT}/ckpt_{n}')\n")
        self.write("one.yml", json.dumps({"type": "pipeline", "jobs": {"one": self.step("python w.py ${{outputs.out}}", "src")}}))
        self.call("run", "one.yml", "--data-access", "link")
        report = json.loads(self.call("io", "report", "--json"))
        self.assertEqual((report["total"]["bytes_sent"], report["lines"][0]["line"]), (300000, "w.py:4"))
        self.assertIn("Not in it: what a shell", self.call("io", "report"))

    def test_an_estimate_counts_what_a_mount_would_have_done(self):
        self.write("in/a.txt", "x" * 1000)
        self.write("src/w.py", "import os, sys\nIN, OUT = sys.argv[1:]\n"
                               "for n in range(4): open(IN + '/a.txt').read()\n"
                               "try: open(IN + '/b.txt', 'w')\nexcept OSError: pass\n"
                               "for n in range(3):\n"
                               "  open(OUT + '/new', 'w').write('y' * 10)\n"
                               "  os.replace(OUT + '/new', OUT + '/last')\n"
                               "open(OUT + '/gone', 'w').write('z'); os.remove(OUT + '/gone')\n"
                               "open(OUT + '/once', 'w').write('z'); os.rename(OUT + '/once', OUT + '/gone')\n")
        step = self.step("python w.py ${{inputs.raw}} ${{outputs.out}}", "src")
        step["inputs"] = {"raw": {"type": "uri_folder", "path": "in"}}
        self.write("one.yml", json.dumps({"type": "pipeline", "jobs": {"one": step}}))
        self.call("run", "one.yml", "--data-access", "link", "--name", "linked")
        rows = {row["path"]: row for row in json.loads(self.call("io", "report", "--json"))["files"]}
        self.assertEqual((rows["a.txt"]["opens"], rows["a.txt"]["bytes_fetched"]), (4, 1000))
        self.assertNotIn("b.txt", rows)
        self.assertNotIn("--trace full", self.call("io", "report"))
        self.assertIn("refused: w.py:4 tried to write to inputs.raw:b.txt", self.call("io", "report"))
        advice = self.call("io", "advise")
        self.assertIn("renaming to outputs.out:last, which was there already, came off 2 times here, on a disk; the "
                      "mount of v2 jobs refuses it with EIO", advice)
        self.assertNotIn("renaming to outputs.out:gone", advice)

    def test_one_cure_an_output_and_what_is_left_out(self):
        self.write("src/w.py", "import sys\nOUT = sys.argv[1]\n"
                               "for n in range(30):\n"
                               "  for log in 'ab': open(f'{OUT}/{log}', 'a').write('x' * 90000)\n"
                               "for n in range(25): open(f'{OUT}/odd\\nname|{n}', 'w').write('x')\n")
        self.run_job({"type": "pipeline", "jobs": {"one": self.step("python w.py ${{outputs.out}}", "src")}})
        [advice] = [one for one in json.loads(self.call("io", "advise", "--json"))["steps"][0]["advice"]
                    if one["saved_seconds"] is not None]
        self.assertEqual([one.split(" and adds")[0] for one in [advice["cause"], *advice["also"]]],
                         [f"w.py:4 opens outputs.out:{log} 30 times" for log in "ab"])
        self.assertEqual(self.call("io", "advise").count("make outputs.out an upload"), 1)
        self.assertIn("also: w.py:4 opens outputs.out:b", self.call("io", "advise"))
        report = self.call("io", "report")
        self.assertRegex(report, r"… and \d+ more files; --json has all of them")
        self.assertRegex(report, r"… and \d+ more lines; --json has all of them")
        table = [line for line in self.call("io", "report", "--markdown").splitlines() if line.startswith("|")]
        self.assertEqual({line.replace("\\|", "").count("|") for line in table if "cloud time" not in line[:30]},
                         {12, 7})
        self.assertTrue(any("odd\\nname\\|" in line for line in table), table)

    def test_words_that_do_not_fit(self):
        self.run_job({"type": "pipeline", "jobs": {"one": self.step(APPENDS)}})
        self.call("io", "report", "--json", "--markdown", status=2)
        self.assertIn("two formats of one report", self.err)
        self.call("io", "report", "--plot", "", status=2)
        self.assertIn("--plot is empty", self.err)

    def test_a_wrong_size_is_told_what_it_may_be(self):
        step = self.step(APPENDS)
        step["environment_variables"] = {"DATASET_MOUNT_READ_BLOCK_SIZE": "4 MB"}
        self.write("one.yml", json.dumps({"type": "pipeline", "jobs": {"one": step}}))
        said = self.call("run", "one.yml", "--data-access", "mount", status=1) + self.err
        self.assertIn("without a blank", said)
        self.assertNotIn("leave so much free", said)

    def compared(self, script, recorded, *others):
        """The rows of a comparison with the script's record, with what a rerun measured."""
        self.run_python(script, "--mount-profile", recorded)
        words = [word for other in others for word in ("--mount-profile", other)]
        self.text = self.call("io", "compare", "@last", *words)
        rows = json.loads(self.call("io", "compare", "@last", *words, "--rerun", "--json"))["scenarios"][1:]
        return list(zip(rows[::2], rows[1::2]))

    def lies_within(self, predicted, measured):
        for key, truth in measured["least"].items():
            end = predicted["bytes_without_end" if "bytes" in key else "requests_without_end"]
            most = float("inf") if end else predicted["most"][key] * 1.05
            self.assertTrue(predicted["least"][key] * 0.95 <= truth <= most, f"{predicted['name']}: {key}")

    def test_what_the_kernel_answers_is_counted_where_the_record_tells_it(self):
        script = ("import os\nfor n in range(12):\n"
                  "  os.path.exists(OUT + '/none'); os.makedirs(f'{OUT}/d{n}/e', exist_ok=True)\n"
                  "  open(f'{OUT}/new', 'w').write('x'); os.rename(f'{OUT}/new', f'{OUT}/d{n}/e/x')\n")
        for recorded in ("rslex", "ideal"):
            for predicted, measured in self.compared(script, recorded, "blobfuse2", "dprep"):
                self.assertEqual(predicted["doubts"], [])
                self.assertEqual(predicted["least"]["requests"], measured["least"]["requests"], predicted["name"])
                self.lies_within(predicted, measured)

    def test_what_the_record_cannot_know_is_a_range_around_the_truth(self):
        script = ("import os, sqlite3\nfor n in range(12): os.path.exists(OUT + '/none')\n"
                  "db = sqlite3.connect(OUT + '/db')\n"
                  "try:\n  db.execute('create table t(a)'); db.execute('insert into t values (1)'); db.commit()\n"
                  "except sqlite3.Error: pass\n")
        [(rslex, _), (dprep, _)] = both = self.compared(script, "blobfuse2", "rslex", "dprep")
        for predicted, measured in both:
            self.lies_within(predicted, measured)
            self.assertTrue(predicted["needs_rerun"])
            self.assertNotEqual(predicted["expected"]["requests"], measured["least"]["requests"])
        self.assertEqual((rslex["requests_without_end"], rslex["bytes_without_end"]), (True, False))
        self.assertIn("blobfuse2 believed for 120 s that a name is not there", rslex["doubts"][0])
        self.assertIn("'db' is opened to read and write, and a lock on it fails under dprep", "".join(dprep["doubts"]))
        self.assertRegex(self.text, r"mounted by rslex +\d+ or more .* needs --rerun")
        [(back, measured)] = self.compared(script, "dprep", "rslex")
        self.assertIn("locking 'db' failed when it was recorded", back["doubts"][0])
        self.lies_within(back, measured)

    def test_a_command_job_is_run_again(self):
        self.run_job({"type": "command", **self.step(APPENDS)})
        [recorded, predicted, measured] = json.loads(self.call(
            "io", "compare", "@last", "--mode", "outputs.out=upload", "--rerun", "--json"))["scenarios"]
        self.assertEqual(recorded["least"]["bytes_sent"], 2 + 4 + 6)
        self.assertEqual(measured["least"]["bytes_sent"], predicted["least"]["bytes_sent"])
        self.call("run", "one.yml", "--mode", "wrong.outputs.out=upload", status=2)
        self.assertIn("there is no step 'wrong'; the job is one step, 'one'", self.err)
        self.assertIn("did you mean 'one.outputs.out'?", self.err)


if __name__ == "__main__":
    sys.argv.pop(1)
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        print("needs fuse: /dev/fuse cannot be opened")
        sys.exit(77)
    unittest.main()
