"""Loads the watch over a step's logging calls, then steps aside for the next sitecustomize.

Found through PYTHONPATH, with `amlocal run --explain-logs` alone.
"""
import os
import sys


def _start():
    own = os.path.dirname(os.path.abspath(__file__))
    try:
        if os.environ.get("AMLOCAL_LOGS_FILE"):
            import _amlocal_logs

            _amlocal_logs.install(os.environ["AMLOCAL_LOGS_FILE"], os.environ["AMLOCAL_LOGS_WORK"])
    except Exception:  # Without the watch a script runs as well.
        pass
    sys.path[:] = [folder for folder in sys.path if folder != own]
    this = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as problem:
        if getattr(problem, "name", "sitecustomize") != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", this)


_start()
