"""amlocal in a Python definition: `import amlocal` (or AMLOCAL=1), and what the script submits runs on this machine.

`azureml` (SDK v1) is then amlocal's own, and the clients of `azure.ai.ml` (v2) are local ones.
"""
import os
import sys

__version__ = "0.1.0"  # the program's: what it starts must be of the same (azureml._client)


def _shim():
    """The folder that holds `azureml`: beside this package, or in it where it was installed with pip."""
    own = os.path.dirname(os.path.abspath(__file__))
    for folder in (os.path.join(own, "shim"), os.path.dirname(own)):
        if os.path.isfile(os.path.join(folder, "azureml", "_client.py")):
            return folder
    return None


def program():
    """The path of the program, or None."""
    named = os.environ.get("AMLOCAL_PROGRAM")
    if named:
        return named
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "amlocal")
    if os.path.isfile(own):
        return own
    import shutil

    return shutil.which("amlocal")


def __getattr__(name):
    if name not in ("step", "assert_frames_equal", "StepError", "StepFailed"):
        raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))
    try:
        import pytest_amlocal
    except ImportError as error:
        raise ImportError("amlocal.{} needs pytest and the package pytest_amlocal, which is installed with amlocal ({})".format(
            name, error)) from None
    return getattr(pytest_amlocal, name)


def activate():
    """Puts the shim in the place of an installed `azureml`. Once `azureml` is imported it is too late."""
    folder = _shim()
    if folder and os.environ.get("AMLOCAL_SDK") != "real":
        if folder not in sys.path:
            # Before site-packages, behind the script's own folder.
            sys.path.insert(1 if sys.path else 0, folder)
        loaded = sys.modules.get("azureml")
        if loaded is not None and not getattr(loaded, "__amlocal__", False):
            sys.stderr.write("amlocal: azureml was imported before amlocal: import amlocal first\n")
    if sys.executable and not (os.environ.get("AMLOCAL_DEFINITION") or os.environ.get("AMLOCAL_GATEWAY")):
        # Started without `amlocal run`: the steps run with this Python, as the program would have chosen one for both.
        os.environ.setdefault("AMLOCAL_PYTHON", sys.executable)
    from amlocal import _hook

    _hook.install()


activate()
