"""Jobs as the azureml shim writes them: what v2 has no words for, and running one again.

usage: v1_job_test.py AMLOCAL
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

AMLOCAL = sys.argv.pop(1)


def step(command, **more):
    return dict({"type": "command", "command": command, "code": "src", "environment": "azureml:any:1"}, **more)


class V1Job(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "src").mkdir()
        (self.folder / "src/write.py").write_text("import sys\nopen(sys.argv[1] + '/x.txt', 'w').write('x')\n")

    def run_jobs(self, jobs, *words, code=0, **more):
        job = dict({"type": "pipeline", "jobs": jobs, "v1": {"definition": str(self.folder / "p.py")}}, **more)
        (self.folder / "p.json").write_text(json.dumps(job, indent=1))
        return self.amlocal("run", "p.json", *words, code=code)

    def amlocal(self, *words, code=0):
        done = subprocess.run([AMLOCAL, *words], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def log(self, path):
        logs = self.folder.glob(".amlocal/runs/*/steps/" + path + "/user_logs/std_log.txt")
        return max(logs, key=lambda file: file.stat().st_mtime_ns).read_text()

    def test_pipeline_data_is_the_scripts_to_make(self):
        out = {"outputs": {"made": {"type": "uri_folder", "v1": {"kind": "pipeline_data"}}}}
        said = self.run_jobs({"a": step("python3 write.py ${{outputs.made}}", **out)}, code=1)
        self.assertIn("PipelineData 'made' is a path that nobody has made: add os.makedirs(PATH, exist_ok=True)", said)
        self.assertIn("before write.py:2", said)
        made = "${{parent.jobs.a.outputs.made}}"
        takes = {"inputs": {"made": {"type": "uri_folder", "path": made, "mode": "ro_mount",
                                     "v1": {"kind": "pipeline_data"}}}}
        self.run_jobs({"a": step("mkdir ${{outputs.made}} && python3 write.py ${{outputs.made}}", **out),
                       "b": step("ls ${{inputs.made}}", **takes)})
        self.assertEqual(self.log("b"), "x.txt\n")
        # Or a file.
        self.run_jobs({"a": step("echo one > ${{outputs.made}}", **out), "b": step("cat ${{inputs.made}}", **takes)})
        self.assertEqual(self.log("b"), "one\n")

    def test_the_mount_is_of_the_clouds_generation(self):
        jobs = {"a": step("mkdir ${{outputs.one}}; touch ${{outputs.one}}/x ${{outputs.two}}/x ${{outputs.three}}/x",
                          outputs={"one": {"type": "uri_folder", "v1": {"kind": "pipeline_data"}},
                                   "two": {"type": "uri_folder", "v1": {"kind": "output_file_dataset"}},
                                   "three": {"type": "uri_folder"}})}
        self.run_jobs(jobs, "--cost", "blob-standard")
        report = self.amlocal("io", "report", "@last")
        for profile in ("blobfuse2", "dprep", "rslex"):
            self.assertIn(profile, report)

    def test_after(self):
        slow = step("sleep 0.3; date +%s%N")
        self.run_jobs({"b": step("date +%s%N", v1={"name": "b", "after": ["a"]}), "a": slow})
        self.assertLess(int(self.log("a")), int(self.log("b")))
        circle = {"a": step("true", v1={"name": "a", "after": ["b"]}),
                  "b": step("true", v1={"name": "b", "after": ["a"]})}
        self.assertIn("the steps depend on each other in a circle: ", self.run_jobs(circle, code=1))
        unknown = {"a": step("true", v1={"name": "a", "after": ["c"]})}
        self.assertIn("there is no step 'c'", self.run_jobs(unknown, code=1))
        failing = {"a": step("exit 3"), "b": step("true", v1={"name": "b", "after": ["a"]})}
        self.assertIn("step 'a' did not finish", self.run_jobs(failing, code=1))

    def test_path_on_compute(self):
        (self.folder / "data").mkdir()
        (self.folder / "data/x.txt").write_text("x")
        given = {"type": "uri_folder", "path": "data", "mode": "ro_mount",
                 "v1": {"kind": "dataset", "path_on_compute": "here/data"}}
        self.run_jobs({"a": step("echo ${{inputs.d}} && cat here/data/x.txt", inputs={"d": given})})
        self.assertRegex(self.log("a"), "exe/wd/here/data\nx$")
        absolute = str(self.folder / "elsewhere")
        given["v1"]["path_on_compute"] = absolute
        self.run_jobs({"a": step("echo ${{inputs.d}} && cat %s/x.txt" % absolute, inputs={"d": given})})
        self.assertEqual(self.log("a"), absolute + "\nx")
        self.assertFalse(pathlib.Path(absolute).is_symlink())
        pathlib.Path(absolute).mkdir()
        said = self.run_jobs({"a": step("true ${{inputs.d}}", inputs={"d": given})}, code=1)
        self.assertIn("its path_on_compute '%s' is there already" % absolute, said)

    def test_upload_takes_what_the_globs_match_and_replaces_nothing_unasked(self):
        out = {"type": "uri_folder", "mode": "upload", "path": "azureml://datastores/workspaceblobstore/paths/out",
               "v1": {"kind": "output_file_dataset", "source_globs": ["*.csv"]}}
        jobs = {"a": step("cd ${{outputs.o}} && touch a.csv b.txt", outputs={"o": out})}
        self.run_jobs(jobs)
        store = self.folder / ".amlocal/datastores/workspaceblobstore/out"
        self.assertEqual([file.name for file in store.iterdir()], ["a.csv"])
        said = self.run_jobs(jobs, code=1)
        self.assertIn("a.csv' is there already", said)
        self.assertIn("as_upload(overwrite=True) replaces it", said)
        out["v1"]["overwrite"] = True
        self.run_jobs(jobs)

    def test_resubmit(self):
        jobs = {"a": step("echo ${{inputs.n}}", inputs={"n": "${{parent.inputs.n}}"})}
        self.run_jobs(jobs, "--set", "n=2", "--name", "first", inputs={"n": 1})
        self.assertIn("Completed", self.amlocal("runs", "resubmit", "first"))
        self.assertEqual(self.log("a"), "2\n")
        self.amlocal("runs", "resubmit", "first", "--set", "n=4")
        logs = sorted(file.read_text() for file in self.folder.glob(".amlocal/runs/*/steps/a/user_logs/std_log.txt"))
        self.assertEqual(logs, ["2\n", "2\n", "4\n"])
        self.assertIn("no run is named 'secnod'", self.amlocal("runs", "resubmit", "secnod", code=1))

    def test_tags_and_environment(self):
        (self.folder / "amlocal.yml").write_text("environments: {default: /usr/bin/python3, mine: /nowhere/python}\n")
        said = self.run_jobs({"a": step("true", environment={"name": "mine", "image": "x"})}, code=1)
        self.assertIn("/nowhere/python", said)
        look = ("import os, json, urllib.request as u; g = os.environ; "
                "q = u.Request(g['AMLOCAL_GATEWAY'] + '/amlocal/1/runs/' + g['AZUREML_ROOT_RUN_ID'], "
                "headers={'Authorization': 'Bearer ' + g['AZUREML_RUN_TOKEN']}); "
                "r = json.load(u.urlopen(q)); print(r['tags'], r['properties'])")
        self.run_jobs({"a": step('python3 -c "%s"' % look)}, tags={"team": "blue"}, properties={"p": "1"})
        self.assertEqual(self.log("a"), "{'team': 'blue'} {'p': '1'}\n")

    def test_v1_words_are_nothing_in_a_v2_job(self):
        job = {"type": "pipeline", "jobs": {"a": step("true", v1={"after": ["b"]})}}
        (self.folder / "p.json").write_text(json.dumps(job))
        self.assertIn("unknown key 'v1'", self.amlocal("validate", "p.json"))


unittest.main()
