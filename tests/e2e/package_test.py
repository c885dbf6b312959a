"""The Python package: what pip installs of the wheel, and how Python finds amlocal through it.

usage: package_test.py AMLOCAL
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from project import AMLOCAL, Project  # noqa: E402
from python_with import python_with  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILDER = python_with("mesonpy")
PROGRAMS = ("amlocal", "amlocal-mount", "amlocal-supervisor")
SUBMIT = """from azureml.core import Experiment, ScriptRunConfig, Workspace
run = Experiment(Workspace.from_config(), "e").submit(ScriptRunConfig(source_directory="steps", script="say.py"))
print("status:", run.wait_for_completion()["status"], run.get_metrics())
"""


def setUpModule():
    """One wheel and one virtual environment for all tests; nobody changes them."""
    global FOLDER, WHEEL, ENV, SITE
    FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="amlocal-test-")).resolve()
    unittest.addModuleCleanup(shutil.rmtree, FOLDER, ignore_errors=True)
    (FOLDER / "programs").mkdir()
    for program in PROGRAMS:  # without what a debugger wants, which takes long to pack
        subprocess.run(["strip", "-o", FOLDER / "programs" / program, AMLOCAL.parent / program], check=True)
    made = subprocess.run([BUILDER, ROOT / "scripts/lib/make_wheel.py", FOLDER / "dist", FOLDER / "programs"],
                          cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stdout + made.stderr
    WHEEL = pathlib.Path(made.stdout.strip())
    ENV = FOLDER / "env"
    subprocess.run([sys.executable, "-m", "venv", ENV], check=True)
    install = [ENV / "bin/python", "-m", "pip", "install", "-q", "--no-index", "--disable-pip-version-check", WHEEL]
    subprocess.run(install, check=True, timeout=120)
    SITE = next(ENV.glob("lib/python3*/site-packages"))


class Installed(Project):
    def setUp(self):
        super().setUp()
        (self.folder / "amlocal.yml").write_text("")  # no interpreter is named
        self.environment["PATH"] = "/usr/bin:/bin"
        self.write("steps/say.py", "import sys\nfrom azureml.core import Run\nRun.get_context().log('a', 2.5)\nprint(sys.prefix)\n")

    def do(self, *words, status=0, stdin=None, **more):
        environment = {**self.environment, **more}
        done = subprocess.run([str(word) for word in words], cwd=self.folder, env=environment, input=stdin,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, status, f"{words}\n{done.stdout}\n{done.stderr}")
        self.err = done.stderr
        return done.stdout

    def python(self, text, *words, **more):
        self.write("script.py", text)
        return self.do(ENV / "bin/python", "script.py", *words, **more)

    def copy_of_env(self):
        """The environment again, to be damaged."""
        copy = self.folder / "copy"
        shutil.copytree(ENV, copy, symlinks=True)
        return copy, next(copy.glob("lib/python3*/site-packages"))


class TheWheel(Installed):
    def test_is_for_any_python_and_has_each_file_of_the_shim_once(self):
        self.assertRegex(WHEEL.name, r"^amlocal-[0-9.]+-py3-none-linux_\w+\.whl$")
        with zipfile.ZipFile(WHEEL) as wheel:
            names = wheel.namelist()
            self.assertEqual(len(names), len(set(names)))
            source = ROOT / "src/step/python"
            for file in [*source.glob("amlocal/**/*.py"), *source.glob("azureml/**/*.py")]:
                name = file.relative_to(source).as_posix()
                name = "amlocal/shim/" + name if name.startswith("azureml/") else name
                self.assertEqual(wheel.read(name), file.read_bytes(), name)
            self.assertEqual([name for name in names if "__pycache__" in name or name.startswith("azureml/")], [])
            for file in (ROOT / "harness/python").glob("pytest_amlocal/*.py"):
                self.assertEqual(wheel.read(f"pytest_amlocal/{file.name}"), file.read_bytes(), file.name)
            (metadata,) = (name for name in names if name.endswith("/METADATA"))
            self.assertIn("Requires-Python: >=3.8\n", wheel.read(metadata).decode())
            (record,) = (name for name in names if name.endswith("/RECORD"))
            import base64

            for line in wheel.read(record).decode().splitlines():
                name, digest, size = line.rsplit(",", 2)
                if digest:
                    content = wheel.read(name)
                    own = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                    self.assertEqual((digest, int(size)), ("sha256=" + own, len(content)), name)

    def test_package_and_program_are_of_one_version(self):
        said = self.do(ENV / "bin/amlocal", "--version")
        self.assertEqual(said, "amlocal " + self.python("import amlocal; print(amlocal.__version__)"))
        self.assertEqual(said.split()[1], WHEEL.name.split("-")[1])

    def test_the_program_on_the_path_runs_steps_with_the_python_it_was_installed_for(self):
        self.take("first-step")
        self.assertIn("Hello, world!", self.do(ENV / "bin/amlocal", "run", "job.yml"))
        link = self.folder / "bin/amlocal"
        link.parent.mkdir()
        link.symlink_to(ENV / "bin/amlocal")
        # By its path it means the environment; through a link from elsewhere (pipx) it does not.
        self.assertIn(f"({ENV}/bin/python): amlocal was started from it", self.do(ENV / "bin/amlocal", "doctor"))
        self.assertIn(": python3 on PATH", self.do(link, "doctor"))
        other = self.folder / "other"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", other], check=True)
        self.assertIn("the active venv", self.do(ENV / "bin/amlocal", "doctor", VIRTUAL_ENV=str(other)))

    def test_pytest_finds_the_plugin_and_a_step_runs_with_the_tests_python(self):
        python = python_with("pytest")
        if python is None:
            self.skipTest("no Python here has pytest")
        self.take("first-step")
        self.write("test_steps.py", "import sys\ndef test_it(amlocal_step):\n    result = amlocal_step('job.yml').run()\n"
                   "    assert 'Hello, world!' in result.log\n    assert any(sys.executable in notice for notice in result.notices)\n"
                   "    assert 'amlocal' not in sys.modules\n")
        # What pip installed, beside the pytest of another Python.
        out = self.do(python, "-m", "pytest", "-q", "test_steps.py", PYTHONPATH=str(SITE))
        self.assertIn("1 passed", out)

    def test_a_launcher_without_its_package_says_so(self):
        copy, site = self.copy_of_env()
        shutil.rmtree(next(site.glob("amlocal-*.dist-info")))
        self.assertEqual(self.do(copy / "bin/amlocal", "--version", status=1), "")
        self.assertIn(f"that belongs to {copy}/bin/amlocal is not there", self.err)
        self.assertIn("python -m pip install --force-reinstall amlocal", self.err)


class FromPython(Installed):
    def test_import_amlocal(self):
        self.take("v1_project")
        script = "import amlocal\n" + (self.folder / "pipeline.py").read_text()
        out = self.python(script, "--calm", "9")
        self.assertIn("status: Finished\n", out)
        self.assertIn("models: {'ferry': 1}\n", out)
        self.assertIn("Completed", self.do(ENV / "bin/amlocal", "runs", "list"))

    def test_the_variable_instead_of_the_import(self):
        out = self.python(SUBMIT, AMLOCAL="1")
        self.assertIn("status: Completed {'a': 2.5}", out)

    def test_a_cell_has_no_file(self):
        out = self.do(ENV / "bin/python", "-", stdin="import amlocal\n" + SUBMIT)
        self.assertIn("status: Completed {'a': 2.5}", out)

    def test_steps_run_with_the_python_of_the_script(self):
        self.python("import amlocal\n" + SUBMIT, VIRTUAL_ENV="/nowhere")
        (log,) = self.folder.glob(".amlocal/runs/*/steps/*/user_logs/std_log.txt")
        self.assertEqual(log.read_text().split(), [str(ENV)])

    def test_amlocal_run_takes_its_own_shim_though_one_is_installed(self):
        self.write("definition.py", SUBMIT + "import amlocal, azureml; print(amlocal.__file__, azureml.__file__)\n")
        out = self.do(ENV / "bin/amlocal", "run", "definition.py")
        self.assertIn("status: Completed {'a': 2.5}", out)
        self.assertEqual(out.splitlines()[-1].count(f"{self.folder}/.amlocal/cache/shim-"), 2)

    def test_credentials_of_v2_answer_without_a_login(self):
        for name in ("azure", "azure/identity"):
            self.write(f"fake/{name}/__init__.py", "")
        self.write("fake/azure/identity/__init__.py",
                   "class DefaultAzureCredential:\n    def get_token(self, *scopes):\n        raise SystemExit('a browser')\n")
        text = "from azure.identity import DefaultAzureCredential\nprint(DefaultAzureCredential().get_token('s/.default').token)\n"
        try_it = {"PYTHONPATH": str(self.folder / "fake")}
        self.assertEqual(self.python(text, status=1, **try_it), "")
        self.write("fake/azure/core/__init__.py", "")
        self.write("fake/azure/core/credentials.py", "import collections\n"
                   "AccessToken = collections.namedtuple('AccessToken', 'token expires_on')\n"
                   "AccessTokenInfo = collections.namedtuple('AccessTokenInfo', 'token expires_on')\n")
        self.assertEqual(self.python("import amlocal\n" + text, **try_it).count("."), 2)

    def test_nothing_is_imported_where_nobody_asks(self):
        text = "import sys\nprint(sorted(name for name in sys.modules if name.split('.')[0] in ('amlocal', 'azureml')))\n" \
               "print(any('shim' in entry for entry in sys.path))\n"
        for value in ({}, {"AMLOCAL": ""}, {"AMLOCAL": "0"}):
            self.assertEqual(self.python(text, **value), "[]\nFalse\n")
        self.python("import azureml", status=1)
        self.assertIn("No module named 'azureml'", self.err)
        # A start with the .pth loads the same modules as one without.
        listing = "import sys; print(sorted(sys.modules))"
        copy, site = self.copy_of_env()
        before = self.do(copy / "bin/python", "-c", listing)
        (site / "amlocal.pth").unlink()
        self.assertEqual(self.do(copy / "bin/python", "-c", listing), before)

    def test_azureml_that_is_there_already_is_told(self):
        self.write("real/azureml/__init__.py", "")
        self.python("import azureml\nimport amlocal\n", PYTHONPATH=str(self.folder / "real"))
        self.assertIn("azureml was imported before amlocal: import amlocal first", self.err)
        self.python("import amlocal\nimport azureml.core\n", PYTHONPATH=str(self.folder / "real"))
        self.assertEqual(self.err, "")


class WhatIsMissing(Installed):
    def stub(self, text):
        path = self.folder / "stub"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return str(path)

    def test_a_program_of_another_version(self):
        for version, words in (('"version": "0.0.9", ', "is version 0.0.9"), ("", "is an older one")):
            old = self.stub(f"""echo '{{{version}"endpoint": "http://127.0.0.1:9", "token": "t"}}'; cat >/dev/null""")
            self.python("import amlocal\n" + SUBMIT, status=1, AMLOCAL_PROGRAM=old)
            self.assertRegex(self.err, r"The Python package amlocal is version [0-9.]+, but the program \S+/stub " + words)
            self.assertIn("Unset AMLOCAL_PROGRAM, which names it.", self.err)
        copy, site = self.copy_of_env()
        shutil.copy(old, site / "amlocal/bin/amlocal")
        self.write("script.py", "import amlocal\n" + SUBMIT)
        self.do(copy / "bin/python", "script.py", status=1)
        self.assertIn(f"Install both as one: {copy}/bin/python -m pip install --force-reinstall amlocal", self.err)

    def test_no_program(self):
        copy, site = self.copy_of_env()
        shutil.rmtree(site / "amlocal/bin")
        self.write("script.py", "import amlocal\n" + SUBMIT)
        self.do(copy / "bin/python", "script.py", status=1)
        self.assertIn("amlocal was not found", self.err)
        self.do(copy / "bin/python", "script.py", status=1, AMLOCAL_PROGRAM="/no/amlocal")
        self.assertIn("/no/amlocal cannot be started: No such file or directory", self.err)

    def test_a_helper_is_missing(self):
        copy, site = self.copy_of_env()
        (site / "amlocal/bin/amlocal-supervisor").unlink()
        self.take("first-step")
        out = self.do(copy / "bin/amlocal", "run", "job.yml", status=1)
        self.assertIn("  the supervisor 'amlocal-supervisor' is missing\n", out)
        self.assertIn("  hint: install amlocal again\n", out)
        (site / "amlocal/bin/amlocal-mount").unlink()
        said = self.do(copy / "bin/amlocal", "doctor", status=1)
        self.assertRegex(said, "FAILS +isolation +the supervisor 'amlocal-supervisor' is missing\n +→ install amlocal again")
        if "/dev/fuse opens" in self.do(ENV / "bin/amlocal", "doctor"):
            self.assertRegex(said, "note +FUSE +the program 'amlocal-mount' is missing\n +→ install amlocal again")

    def test_the_layout_of_a_system_is_in_order_too(self):
        for folder, name in (("bin", "amlocal"), ("libexec/amlocal", "amlocal-mount"), ("libexec/amlocal", "amlocal-supervisor")):
            (self.folder / "usr" / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(FOLDER / "programs" / name, self.folder / "usr" / folder)
        self.take("first-step")
        self.do(self.folder / "usr/bin/amlocal", "doctor")
        self.assertIn("Hello, world!", self.do(self.folder / "usr/bin/amlocal", "run", "job.yml"))


if __name__ == "__main__":
    sys.argv[1:2] = []
    if BUILDER is None:
        print("needs meson-python: no Python here has it (Debian: python3-mesonpy)")
        sys.exit(77)
    unittest.main()
