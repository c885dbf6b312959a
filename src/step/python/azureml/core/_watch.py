"""Waiting for the end of a run, and showing its logs meanwhile, in the real SDK's words."""
import time

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 1.0
FINAL = ("Completed", "Failed", "Canceled", "Finished")


def wait(run, out):
    """Returns when the run has ended. Draws on `out` unless it is None."""
    if out is not None:
        out.write("RunId: {}\nWeb View: {}\n".format(run.id, run.get_portal_url()))
    shown, pause = {}, FIRST_SECONDS
    while True:
        ended = run.get_status() in FINAL
        if out is not None:
            _show(run, out, shown)
            out.flush()
        if ended:
            break
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_SECONDS)
    if out is not None:
        out.write("\nExecution Summary\n=================\n")
        out.write("RunId: {}\nWeb View: {}\n\n".format(run.id, run.get_portal_url()))
        out.flush()


def _show(run, out, shown):
    """Writes what the logs have grown by; `shown` is {name: characters}."""
    for log in run._client.get(run._work_path() + "/logs")["logs"]:
        name = log["path"]
        if not is_user_log(name) or log.get("size") == shown.get(name):
            continue
        if name not in shown:
            head = "Streaming " + name
            out.write("\n{}\n{}\n\n".format(head, "=" * len(head)))
        data = run._client.read("{}/logs/{}".format(run._work_path(), _quote_path(name)))
        out.write(data[shown.get(name, 0) :].decode(errors="replace"))
        shown[name] = len(data)


def is_user_log(name):
    return name.startswith("user_logs/")  # azureml-logs/70_driver_log.txt is the same under its older name


def _quote_path(path):
    from azureml._client import quote_path

    return quote_path(path)
