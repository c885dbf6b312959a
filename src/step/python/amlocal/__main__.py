"""python -m amlocal FILE [ARGS]: a definition, a script or a notebook, as `amlocal run FILE` starts it."""
import os
import sys
import traceback


def _without_own_frames(kind, error, trace):
    """The user's own part of a traceback: what stands before it is how the script was started."""
    script = os.path.abspath(sys.argv[0])
    at = trace
    while at is not None and os.path.abspath(at.tb_frame.f_code.co_filename) != script:
        at = at.tb_next
    traceback.print_exception(kind, error, at or trace)


def _run_script(file):
    import runpy

    sys.path[0] = os.path.dirname(os.path.abspath(file))
    sys.excepthook = _without_own_frames
    runpy.run_path(file, run_name="__main__")


def main():
    del sys.argv[0]
    file = sys.argv[0]
    if file.endswith(".ipynb"):
        from amlocal import _notebook

        sys.exit(_notebook.run(file))
    else:
        _run_script(file)


main()
