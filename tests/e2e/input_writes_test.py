#!/usr/bin/env python3
"""Writing to inputs: v1's DataReference and PipelineData take it, all others refuse it.

    input_writes_test.py AMLOCAL

Needs /dev/fuse and the right to mount; says so and is skipped where there is none.
"""

import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import project  # noqa: E402

MAKES = {"type": "uri_folder", "v1": {"kind": "pipeline_data"}}
STORE = ".amlocal/datastores/workspaceblobstore"


def step(command, **more):
    return {"type": "command", "command": command, "code": "src", "environment": "azureml:base:1", **more}


class InputWrites(project.Project):
    def setUp(self):
        super().setUp()
        if "AMLOCAL_MOUNT" in os.environ:
            self.environment["AMLOCAL_MOUNT"] = os.environ["AMLOCAL_MOUNT"]
        self.write("src/add.py", "import sys\nfor name in sys.argv[1:]:\n    open(name, 'a').write('new')\n")
        self.write("src/try.py", "import sys\ntry:\n    open(sys.argv[1], 'a')\nexcept OSError:\n    pass\n")
        self.write(STORE + "/ref/a.txt", "old")

    def run_jobs(self, jobs, *words, status=0):
        self.write("p.json", json.dumps({"type": "pipeline", "v1": {"definition": "p.py"}, "jobs": jobs}))
        return self.call("run", "p.json", *words, status=status) + self.err

    def referring(self, command, kind="data_reference", path="ref"):
        given = {"type": "uri_folder", "mode": "ro_mount", "v1": {"kind": kind},
                 "path": "azureml://datastores/workspaceblobstore/paths/" + path}
        return {"one": step(command, inputs={"raw": given})}

    def stored(self, name):
        return (self.folder / STORE / name).read_text()

    def test_a_data_reference_takes_what_is_written(self):  # M54
        said = self.run_jobs(self.referring("python add.py ${{inputs.raw}}/a.txt ${{inputs.raw}}/b.txt"))
        self.assertEqual((self.stored("ref/a.txt"), self.stored("ref/b.txt")), ("oldnew", "new"))
        self.assertIn("note: one: wrote to its input 'raw': 'a.txt' (the first of 2 changes), by add.py:3. "
                      "The mount of a DataReference takes that", said)
        self.assertNotIn("wrote to its input", self.run_jobs(self.referring("cat ${{inputs.raw}}/a.txt")))

    def test_a_step_that_failed_has_written_all_the_same(self):  # M54
        said = self.run_jobs(self.referring("python add.py ${{inputs.raw}}/a.txt; exit 3"), status=1)
        self.assertEqual(self.stored("ref/a.txt"), "oldnew")
        self.assertIn("one: wrote to its input 'raw': 'a.txt', by add.py:3", said)

    def test_a_pipeline_data_is_a_path_in_its_container(self):  # M54
        made = {"made": {**MAKES, "mode": "ro_mount", "path": "${{parent.jobs.a.outputs.made}}"}}
        writes = step("echo two >> ${{inputs.made}} && echo three > $(dirname ${{inputs.made}})/beside", inputs=made)
        said = self.run_jobs({"a": step("echo one > ${{outputs.made}}", outputs={"made": MAKES}), "b": writes})
        self.assertIn("note: b: wrote to its input 'made'", said)
        self.assertIn("(output 'made' of step 'a')", said)
        beside = list((self.folder / STORE).rglob("beside"))
        self.assertEqual([file.read_text() for file in beside], ["three\n"])
        texts = [file.read_text() for file in beside[0].parent.iterdir() if file.is_file()]
        self.assertIn("one\ntwo\n", texts)

    def test_others_are_read_only(self):  # M32
        said = self.run_jobs(self.referring("python try.py ${{inputs.raw}}/a.txt", "dataset"))
        self.assertIn("note: one: it finished although try.py:3 was refused to write to 'a.txt' of input 'raw'; an "
                      "input is read-only, as in the cloud: write to an output", said)
        said = self.run_jobs(self.referring("python try.py ${{inputs.raw}}/a.txt"), "--mount-profile", "rslex")
        self.assertIn("'a.txt' of input 'raw'; under mount profile rslex the input is read-only, where the cloud's "
                      "mount of a DataReference takes it: leave --mount-profile out", said)
        said = self.run_jobs(self.referring("python add.py ${{inputs.raw}}/a.txt"), "--mount-profile", "rslex", status=1)
        self.assertIn("not in the cloud, where a DataReference is mounted by blobfuse2", said)
        self.assertEqual(self.stored("ref/a.txt"), "old")

    def test_a_run_with_links_says_that_it_cannot(self):
        said = self.run_jobs(self.referring("python try.py ${{inputs.raw}}/a.txt"), "--data-access", "link")
        self.assertIn("note: one: it finished although try.py:3 was refused to write to 'a.txt' of input 'raw'; without "
                      "a mount the input is read-only here, where the cloud's mount of a DataReference takes it: run "
                      "with --data-access mount", said)
        said = self.run_jobs(self.referring("python add.py ${{inputs.raw}}/a.txt"), "--data-access", "link", status=1)
        self.assertIn("run with --data-access mount", said)
        self.assertEqual(self.stored("ref/a.txt"), "old")

    def test_a_copy_is_the_steps_own(self):
        given = {"raw": {"type": "uri_folder", "mode": "download", "path": STORE + "/ref"}}
        self.write("p.json", json.dumps({"type": "pipeline", "jobs": {
            "one": step("python add.py ${{inputs.raw}}/a.txt", inputs=given)}}))
        self.assertNotIn("input 'raw'", self.call("run", "p.json") + self.err)
        self.assertEqual(self.stored("ref/a.txt"), "old")


if __name__ == "__main__":
    sys.argv.pop(1)
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        print("needs fuse: /dev/fuse cannot be opened")
        sys.exit(77)
    unittest.main()
