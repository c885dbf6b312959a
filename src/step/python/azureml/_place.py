"""Where in the user's script something was made: for the messages of whoever reads the job."""
import os
import sys

_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep


def of_caller():
    """{"file", "line"} of the nearest frame outside this package, or {} where it is no file."""
    frame = sys._getframe(1)
    while frame is not None and os.path.abspath(frame.f_code.co_filename).startswith(_OWN):
        frame = frame.f_back
    if frame is None or not os.path.isfile(frame.f_code.co_filename):
        return {}
    return {"file": os.path.abspath(frame.f_code.co_filename), "line": frame.f_lineno}


def definition():
    """The file that this process runs: the script, or the notebook where its kernel says so."""
    named = os.environ.get("AMLOCAL_DEFINITION") or os.environ.get("JPY_SESSION_NAME")
    if named and os.path.isfile(named):
        return os.path.abspath(named)
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.abspath(main) if main and os.path.isfile(main) else ""
