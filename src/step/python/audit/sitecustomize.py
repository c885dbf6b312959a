"""Loads the audit hook of a step, then steps aside for the user's own sitecustomize.

Found through PYTHONPATH by every Python of a step that looks at it (not with -E, -I or -S).
"""
import os
import sys


def _start():
    own = os.path.dirname(os.path.abspath(__file__))
    try:
        # sys.addaudithook came with Python 3.8; an older one runs without the hook.
        if hasattr(sys, "addaudithook") and os.environ.get("AMLOCAL_AUDIT_FILE"):
            import _amlocal_audit

            _amlocal_audit.install(os.environ)
    except Exception:  # Without a record a script runs as well.
        pass
    # The script's sys.path is then what it would be without amlocal. Children find us by PYTHONPATH.
    sys.path[:] = [folder for folder in sys.path if folder != own]

    this = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401  the user's, where there is one
    except ImportError as problem:
        if getattr(problem, "name", "sitecustomize") != "sitecustomize":
            raise
    finally:
        # The import that is running us looks for this name when we are done.
        sys.modules.setdefault("sitecustomize", this)


_start()
