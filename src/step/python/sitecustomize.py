"""Found through PYTHONPATH by the Pythons of a step, of a definition and of a notebook: puts amlocal's import hooks in
place, then steps aside for the user's own sitecustomize."""
import os
import sys


def _start():
    own = os.path.dirname(os.path.abspath(__file__))
    if os.environ.get("AMLOCAL_GATEWAY") or os.environ.get("AMLOCAL") == "1":
        try:
            import amlocal  # noqa: F401  its import is all
        except Exception as error:  # a script runs without it as well
            sys.stderr.write("amlocal: its import hooks cannot be put in place: {}\n".format(error))
    this, path = sys.modules.pop("sitecustomize", None), list(sys.path)
    sys.path[:] = [folder for folder in sys.path if folder != own]
    try:
        import sitecustomize  # noqa: F401  the user's, where there is one
    except ImportError as problem:
        if getattr(problem, "name", "sitecustomize") != "sitecustomize":
            raise
    finally:
        if own not in sys.path:  # as it was, and what the user's has added stays
            sys.path.insert(min(path.index(own), len(sys.path)) if own in path else 0, own)
        sys.modules.setdefault("sitecustomize", this)


_start()
