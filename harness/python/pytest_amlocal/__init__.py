"""Steps of pipelines in pytest: `amlocal.step("pipeline.yml", "train").given(rows=frame).run()`.

pytest imports this module whenever it starts, so that it holds hooks alone: what they need is imported by the first
test that has to do with amlocal. `amlocal` itself is not imported here: it puts its own `azureml` in the place of an
installed one, which is for a test to ask for.
"""
import pytest

__version__ = "0.1.0"  # the program's: what it starts must be of the same (program.py)

_API = {
    "step": "steps", "Step": "steps",
    "StepError": "errors", "StepFailed": "errors",
    "assert_frames_equal": "frames", "read_frame": "frames",
}


def __getattr__(name):
    if name not in _API:
        raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))
    import importlib

    return getattr(importlib.import_module("." + _API[name], __name__), name)


def pytest_addoption(parser):
    parser.getgroup("amlocal").addoption(
        "--amlocal-data-access", metavar="ACCESS",
        help="how steps reach data unless a test says it: mount, link or auto (as --data-access of amlocal step run)")


def pytest_configure(config):
    # Of this process: each worker of xdist has its own.
    global _config
    _config = config


_config = None


@pytest.fixture
def amlocal_step(request):
    """`amlocal_step("pipeline.yml", "train")`: a step of a file that lies relative to the test's own."""
    import os

    from .steps import Step

    here = os.path.dirname(str(request.node.fspath))
    return lambda file, name=None: Step(file, name, here)


@pytest.fixture
def amlocal_workspace(tmp_path):
    """A project of its own in a temporary folder: `.path`, `.write(name, text)`, `.copy(path)`, `.step(file, name)`."""
    from .workspace import Workspace

    return Workspace(tmp_path / "workspace")


def pytest_collect_file(file_path, parent):
    if not file_path.name.endswith(".steptest.yml"):
        return None
    from .collect import CaseFile

    return CaseFile.from_parent(parent, path=file_path)


def pytest_assertrepr_compare(config, op, left, right):
    if op != "==" or "pytest_amlocal.frames" not in _loaded():
        return None
    from .frames import why_unequal

    return why_unequal(left, right)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.excinfo is None or "pytest_amlocal.frames" not in _loaded():
        return
    from .frames import explain

    for text in explain(str(call.excinfo.value)):
        outcome.get_result().sections.append(("difference (- expected, + came)", text))


def _loaded():
    import sys

    return sys.modules
