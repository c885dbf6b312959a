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


def _run_notebook(file):
    try:
        import nbclient
        import nbformat
    except ImportError:
        sys.exit(
            "{}: {} has no nbclient, which runs notebooks. Install it: {} -m pip install nbclient ipykernel".format(
                file, sys.executable, sys.executable
            )
        )
    notebook = nbformat.read(file, as_version=4)
    shown = {}

    def show(cell, cell_index):
        for output in cell.get("outputs", [])[shown.get(cell_index, 0) :]:
            text = output.get("text") or output.get("data", {}).get("text/plain") or "\n".join(output.get("traceback", []))
            stream = sys.stderr if output.get("name") == "stderr" else sys.stdout
            stream.write(text if text.endswith("\n") else text + "\n")
            stream.flush()

    client = nbclient.NotebookClient(
        notebook,
        timeout=None,
        resources={"metadata": {"path": os.path.dirname(os.path.abspath(file))}},
        on_cell_executed=lambda cell, cell_index, execute_reply: show(cell, cell_index),
    )
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError:
        sys.exit(1)  # its traceback has been shown with the cell's output


def main():
    del sys.argv[0]
    file = sys.argv[0]
    if file.endswith(".ipynb"):
        _run_notebook(file)
    else:
        _run_script(file)


main()
