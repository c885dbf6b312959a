"""A notebook as `amlocal run NOTEBOOK.ipynb` runs it: cell after cell in a kernel of this interpreter."""
import os
import signal
import sys

# Said to the kernel at the end: a kernel that is told to go is killed after seconds, whatever it waits for.
WAIT = "import sys\nruns = sys.modules.get('azureml._running')\nif runs: runs._at_exit()"
CANCEL = """
import sys
runs = sys.modules.get('azureml._running')
for run in list(runs._running.values()) if runs else ():
    run.cancel()
    run.join()
"""


def run(file):
    """The exit status: 1 when a cell raised, whose traceback is shown; the cells after it do not run."""
    try:
        import ipykernel  # noqa: F401  nbclient starts it
        import nbclient
        import nbformat
    except ImportError as missing:
        sys.exit(
            "{}: {} has no {}, which running a notebook needs. Install it: {} -m pip install nbclient ipykernel".format(
                file, sys.executable, missing.name, sys.executable
            )
        )

    class Client(nbclient.NotebookClient):
        def output(self, outs, msg, display_id, cell_index):
            _show(msg["msg_type"], msg["content"])
            return super().output(outs, msg, display_id, cell_index)

    notebook = nbformat.read(file, as_version=4)
    folder = os.path.dirname(os.path.abspath(file))
    # python3: the notebook's own kernel is a name from the machine where it was written.
    client = Client(notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": folder}})
    status, interrupted = 0, []

    def interrupt(number, frame):
        # The cell ends with KeyboardInterrupt, and nbclient goes on in order.
        interrupted.append(number)
        os.kill(client.km.provisioner.pid, signal.SIGINT)

    with client.setup_kernel():
        before = signal.signal(signal.SIGINT, interrupt)
        try:
            for index, cell in enumerate(notebook.cells):
                if not interrupted:
                    client.execute_cell(cell, index)
        except nbclient.exceptions.CellExecutionError:
            status = 1
        except nbclient.exceptions.DeadKernelError:
            sys.exit("{}: the kernel ended in the middle of a cell".format(file))
        try:
            if not interrupted:
                _tell(client, nbformat, WAIT)
        except nbclient.exceptions.CellExecutionError:
            pass  # interrupted while it waited
        if interrupted:
            _tell(client, nbformat, CANCEL)
        signal.signal(signal.SIGINT, before)
    return 130 if interrupted else status


def _tell(client, nbformat, source):
    """Runs a cell that the notebook does not have."""
    client.nb.cells.append(nbformat.v4.new_code_cell(source))
    client.execute_cell(client.nb.cells[-1], len(client.nb.cells) - 1)


def _show(kind, content):
    """An output as a terminal can show it, as soon as it is there."""
    stream, text = sys.stdout, None
    if kind == "stream":
        stream, text = (sys.stderr if content["name"] == "stderr" else sys.stdout), content["text"]
    elif kind in ("execute_result", "display_data"):
        text = content.get("data", {}).get("text/plain", "") + "\n"
    elif kind == "error":
        stream, text = sys.stderr, "\n".join(content["traceback"]) + "\n"
        if not stream.isatty():
            import re

            text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    if text:
        stream.write(text)
        stream.flush()
