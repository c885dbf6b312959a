#!/usr/bin/env python3
"""What happened to others in the cloud, happening here: the rows of docs/scenarios.md.

    scenarios_test.py AMLOCAL

Needs /dev/fuse and the right to mount; says so and is skipped where there is none.
"""

import json
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import project  # noqa: E402

MB = 1_000_000


class Scenarios(project.Project):
    def amlocal(self, *words, status=0):
        done = self.start(*words)
        out, err = done.communicate(timeout=120)
        self.assertEqual(done.returncode, status, out + err)
        return out + err

    def run_step(self, script, *words, status=0, inputs=(), mode="ro_mount", output="rw_mount", variables=None):
        """Runs `script`, Python in which RAW and OUT are the folders; gives (what was said, its log)."""
        self.write("src/step.py", "import os, sys, time\nRAW, OUT = sys.argv[1:]\n" + script)
        for name, size in inputs:
            self.write("raw/" + name, "x" * size)
        (self.folder / "raw").mkdir(exist_ok=True)
        self.write("one.yml", "type: pipeline\njobs:\n  one: " + json.dumps({
            "command": "python step.py ${{inputs.raw}} ${{outputs.out}}", "code": "src",
            "environment": "azureml:base:1", "environment_variables": variables or {},
            "inputs": {"raw": {"type": "uri_folder", "path": "raw", "mode": mode}},
            "outputs": {"out": {"type": "uri_folder", "mode": output}}}) + "\n")
        self.runs = getattr(self, "runs", 0) + 1
        name = f"r{self.runs}"
        said = self.amlocal("run", "one.yml", "--data-access", "mount", "--name", name, *words, status=status)
        log = self.folder / f".amlocal/runs/{name}/steps/one/user_logs/std_log.txt"
        return said, log.read_text()

    def report(self, *words):
        report = json.loads(self.amlocal("io", "report", *words, "--json"))
        report["by"] = {row["operation"]: row for row in report["operations"]}
        return report

    def sent(self, script, *words):
        """(puts, bytes sent) of a step that writes."""
        self.run_step(script, "--cost", "blob-standard", *words)
        put = self.report()["by"]["put"]
        return put["requests"], put["bytes_sent"]

    # ---- slow

    def test_A1_A2_each_epoch_costs_more_than_the_last(self):
        self.run_step("for n in range(60):\n  open(OUT + '/train.log', 'a').write('x' * 1000000)\n",
                      "--cost", "blob-standard")
        report = self.report()
        [growth] = [row for row in report["growth"] if row["path"] == "train.log"]
        self.assertEqual([point["bytes"] for point in growth["points"]], [MB * n for n in range(1, 61)])
        seconds = [point["seconds"] for point in growth["points"]]
        self.assertEqual(seconds, sorted(seconds))
        self.assertGreater(seconds[-1], 20 * seconds[0])
        self.assertEqual(report["files"][0]["amplification"], 30.5)

    def test_A1_as_blobfuse2_was_measured(self):
        # blobfuse2 2.5.6 over Azurite, its uploads counted by a proxy.
        self.run_step("for count, size in (60, 1000000), (400, 10000), (5000, 100):\n  for n in range(count):\n"
                      "    open(f'{OUT}/{count}.log', 'a').write('x' * size)\n",
                      "--cost", "blob-standard", "--mount-profile", "blobfuse2")
        report = self.report()
        self.assertEqual({row["path"]: row["bytes_sent"] for row in report["files"]},
                         {"60.log": 1_830_000_000, "400.log": 802_000_000, "5000.log": 1_250_250_000})
        self.assertEqual(report["by"]["put"]["requests"], 60 + 400 + 5_000)

    def test_A3_fsync_sends_where_the_profile_says_so(self):
        script = ("f = open(OUT + '/metrics', 'wb', buffering=0)\n"
                  "for n in range(50):\n  f.write(b'x' * 1000)\n  os.fsync(f.fileno())\n")
        self.assertEqual(self.sent(script, "--mount-profile", "blobfuse2"), (50, sum(range(1, 51)) * 1000))
        self.assertEqual(self.sent(script, "--mount-profile", "rslex"), (1, 50_000))

    def test_A4_rotating_the_log_sends_less(self):
        one = "for n in range(60):\n  open(OUT + '/log', 'a').write('x' * 10000)\n"
        rotated = "for n in range(60):\n  open(f'{OUT}/log{n // 6}', 'a').write('x' * 10000)\n"
        self.assertEqual(self.sent(one), (60, sum(range(1, 61)) * 10_000))
        self.assertEqual(self.sent(rotated), (60, 10 * sum(range(1, 7)) * 10_000))

    def test_A5_A7_many_small_files_are_slow_mounted_and_a_few_are_not(self):
        files = [(f"{n}.png", 500) for n in range(300)]
        read = "for name in sorted(os.listdir(RAW))[:%d]:\n  open(RAW + '/' + name).read()\n"
        elapsed = {}
        for mode in "ro_mount", "download":
            for count in 300, 3:
                self.run_step(read % count, "--cost", "cross-region", inputs=files, mode=mode)
                elapsed[mode, count] = self.report("--cost", "cross-region")["total"]["elapsed"]
        self.assertGreater(elapsed["ro_mount", 300], 5 * elapsed["download", 300])
        self.assertLess(elapsed["ro_mount", 3], elapsed["download", 3])

    def test_A6_A12_random_reads_fetch_far_more_than_is_read(self):
        script = ("for n in range(10):\n  f = open(RAW + '/samples', 'rb')\n  f.seek(n * 6000000 + 7)\n"
                  "  f.read(10000)\n  f.close()\n")
        variables = {"DATASET_MOUNT_READ_BUFFER_BLOCK_COUNT": "0"}
        self.run_step(script, "--cost", "blob-standard", inputs=[("samples", 64 * MB)], variables=variables)
        blocks = self.report()["total"]["bytes_fetched"]
        # The reads lie in ten blocks of 2 MiB; the kernel's read-ahead may reach into their neighbours.
        self.assertGreaterEqual(blocks, 10 * (2 << 20))
        self.assertLessEqual(blocks, 20 * (2 << 20))
        variables["DATASET_MOUNT_BLOCK_BASED_CACHE_ENABLED"] = "false"
        self.run_step(script, "--cost", "blob-standard", variables=variables)
        self.assertEqual(self.report()["total"]["bytes_fetched"], 64 * MB)

    def test_A9_A22_each_small_file_costs_the_same_again(self):
        script = "for n in range(%d):\n  open(f'{OUT}/{n}', 'w').write('x' * 100)\n"
        seconds = []
        for count in 20, 200:
            self.run_step(script % count, "--cost", "blob-standard")
            report = self.report()
            self.assertEqual(report["by"]["put"]["requests"], count)
            seconds.append(report["by"]["put"]["seconds"])
        self.assertAlmostEqual(seconds[1] / seconds[0], 10, delta=0.1)

    def test_A23_past_the_accounts_limit_requests_are_refused(self):
        self.write("tight.json", json.dumps({"base": "blob-standard", "requests": {"per_second": 5}}))
        self.run_step("for n in range(40):\n  open(f'{OUT}/{n}', 'w').close()\n", "--cost", "tight.json")
        self.assertGreater(self.report("--cost", "tight.json")["total"]["refusals"], 0)
        said, log = self.run_step("open(OUT + '/a', 'w').close()\n", "--fault", "store throttle", "--clock",
                                  "ledger", status=1)
        self.assertIn("Input/output error", log)
        self.assertIn("(its faults left out)", said)

    def test_A24_what_polling_a_folder_costs(self):
        self.run_step("for n in range(30):\n  os.listdir(RAW)\n", "--cost", "blob-standard", inputs=[("a", 1)],
                      variables={"DATASET_MOUNT_ATTRIBUTE_CACHE_TTL": "0"})
        row = self.report()["by"]["list"]
        self.assertGreaterEqual(row["requests"], 30)
        self.assertAlmostEqual(row["dollars"], row["requests"] * 0.055 / 10_000)

    # ---- the local disk

    def test_A10_a_cache_with_a_limit_fetches_again(self):
        script = "for epoch in range(2):\n  for n in range(3):\n    open(f'{RAW}/{n}').read()\n"
        whole = {"DATASET_MOUNT_BLOCK_BASED_CACHE_ENABLED": "false"}
        inputs = [(str(n), 2 * MB) for n in range(3)]
        self.run_step(script, "--cost", "blob-standard", inputs=inputs, variables=whole)
        self.assertEqual(self.report()["total"]["bytes_fetched"], 6 * MB)
        limit = "DATASET_MOUNT_CACHE_SIZE"
        self.run_step(script, "--cost", "blob-standard", variables={**whole, limit: "3MB"})
        self.assertEqual(self.report()["total"]["bytes_fetched"], 12 * MB)
        # Set by the script it comes too late.
        self.run_step(f"os.environ['{limit}'] = '3MB'\n" + script, "--cost", "blob-standard", variables=whole)
        self.assertEqual(self.report()["total"]["bytes_fetched"], 6 * MB)

    # ---- failures

    def test_A14_replacing_a_checkpoint_fails_the_second_time(self):
        said, log = self.run_step(
            "for n in range(2):\n  open(OUT + '/m.tmp', 'w').write(str(n))\n  os.replace(OUT + '/m.tmp', OUT + '/m')\n",
            status=1)
        self.assertIn("Input/output error", log)
        self.assertIn("rename of 'm.tmp' to 'm' was refused: the profile rslex does not replace an existing file; remove "
                      "it first, write to a new name, or use upload mode", " ".join(said.split()))
        [kept] = self.folder.glob(".amlocal/datastores/workspaceblobstore/azureml/*/out/m")
        self.assertEqual(kept.read_text(), "0")

    def test_A15_a_save_fails_when_it_is_closed(self):
        said, log = self.run_step(
            "for n in range(4):\n  f = open(f'{OUT}/{n}.pt', 'w')\n  f.write('w')\n  try: f.close()\n"
            "  except OSError as e: print(n, e.errno)\n", "--fault", "one.outputs.out close nth=3 EIO", status=0)
        self.assertEqual(log.splitlines(), ["2 5"])

    def test_A16_an_input_used_as_an_output_is_read_only(self):
        said, log = self.run_step("open(RAW + '/ckpt', 'w')\n", status=1)
        self.assertIn("Read-only file system", log)
        self.assertIn("  at step.py:", said)
        self.assertIn("hint: input 'raw' is read-only, as in the cloud: write to an output, or to a copy of it", said)

    def test_A16_the_report_names_the_line_that_wrote_to_an_input(self):
        self.run_step("for n in range(3):\n  try: open(RAW + '/0.csv', 'a')\n  except OSError: pass\n"
                      "open(RAW + '/0.csv').read()\ntry: os.remove(RAW + '/0.csv')\nexcept OSError: pass\n",
                      inputs=[("0.csv", 10)])
        report = self.amlocal("io", "report")
        told = re.findall(r"refused: step.py:\d+ tried to write to inputs.raw:0.csv .*", report)
        self.assertEqual([line.split("0.csv ")[1] for line in told],
                         ["3 times: inputs are mounted read-only; write to an output",
                          "once: inputs are mounted read-only; write to an output"], report)

    def test_A18_single_files_cannot_be_read(self):
        files = [(f"{n}.png", 500) for n in range(100)]
        script = ("bad = 0\nfor n in range(100):\n  try: open(f'{RAW}/{n}.png').read()\n"
                  "  except OSError as e: bad += 1\nprint(bad)\n")
        fault = ["--fault", "* open p=0.1 seed=7 EIO"]
        _, first = self.run_step(script, *fault, inputs=files)
        _, again = self.run_step(script, *fault)
        self.assertEqual(first, again)
        self.assertTrue(3 <= int(first) <= 25, first)

    def test_A28_an_output_that_nobody_wrote_is_named(self):
        said, _ = self.run_step("open('elsewhere', 'w').write('1')\n")
        self.assertIn("note: one: output 'out' was not written", said)

    # ---- what is seen when

    def test_A20_A27_when_others_see_what_was_written(self):
        seen = (f"import glob\nhere = lambda: sorted(os.path.basename(p) + '=' + open(p).read() for p in glob.glob("
                f"'{self.folder}/.amlocal/datastores/workspaceblobstore/azureml/*/out/*'))\n"
                "open(OUT + '/closed', 'w').write('1')\nheld = open(OUT + '/held', 'w')\nheld.write('2')\nheld.flush()\n"
                "print(here())\nheld.close()\nprint(here())\n")
        _, log = self.run_step(seen)
        self.assertEqual(log.splitlines(), ["['closed=1']", "['closed=1', 'held=2']"])
        for published in self.folder.glob(".amlocal/datastores/workspaceblobstore/azureml/*/out/*"):
            published.unlink()
        _, log = self.run_step(seen, output="upload")
        self.assertEqual(log.splitlines(), ["[]", "[]"])
        self.assertEqual(len(list(self.folder.glob(".amlocal/datastores/workspaceblobstore/azureml/*/out/*"))), 2)


if __name__ == "__main__":
    sys.argv.pop(1)
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        print("needs fuse: /dev/fuse cannot be opened")
        sys.exit(77)
    unittest.main()
