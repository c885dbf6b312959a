"""MLClient.jobs.stream: a run's log in the words of the real client, and its JobException when the run failed."""
import datetime
import json
import sys

PIPELINE_LOG = "logs/azureml/executionlogs.txt"
STEP_LOG = "user_logs/std_log.txt"


def stream(jobs, name):
    """Returns when the run has ended."""
    from azureml import _running, _submit

    out = sys.stdout
    page = _submit.portal(name)
    out.write("RunId: {}\nWeb View: {}\n".format(name, page))
    running = _running.find(name)
    try:
        if running is not None:
            _draw(running, jobs.is_pipeline(name), out)
            status, failed = running.status, _failed_steps(running)
        else:
            status, failed = _wait(jobs, name), []
    except KeyboardInterrupt as interruption:
        raise _exception(
            "The output streaming for the run interrupted.\n"
            "But the run is still executing on the compute target. \n"
            "Details for canceling the run can be found here: `amlocal runs cancel {}`".format(name)
        ) from interruption
    out.write("\nExecution Summary\n=================\nRunId: {}\nWeb View: {}\n".format(name, page))
    for notice in running.notices if running is not None else ():
        out.write("{}{}\n".format(notice["step"] + ": " if notice.get("step") else "", notice["text"]))
    if status == "Failed":
        out.flush()
        raise _exception("Exception : \n {} ".format(json.dumps({"error": _error(name, running, failed)}, indent=4)))
    out.write("\n")
    out.flush()


def _draw(running, pipeline, out):
    running.wait_until(lambda: running.order or running.ended)
    if pipeline or len(running.order) != 1:
        _draw_pipeline(running, out)
    else:
        _draw_command(running, running.order[0], out)
    running.join()


def _draw_command(running, key, out):
    """The one step's log as it grows."""
    from azureml import _drawing

    running.wait_until(lambda: running.ended or running.steps[key].log)
    step = running.steps[key]
    if not step.log:
        return
    out.write("\nStreaming {0}\n{1}\n\n".format(STEP_LOG, "=" * (len(STEP_LOG) + 10)))
    log = _drawing.Follower(step.log, out)
    try:
        while True:
            ended = running.wait_until(lambda: step.ended or running.ended, _drawing.POLL_SECONDS)
            if log.show():
                out.flush()
            if ended:
                return
    finally:
        log.close()


def _draw_pipeline(running, out):
    """Which steps begin and end, as the pipeline's own log has it."""
    out.write("\nStreaming {0}\n{1}\n\n".format(PIPELINE_LOG, "=" * (len(PIPELINE_LOG) + 10)))
    begun, over = [], []

    def news():
        fresh = [step for step in list(running.steps.values()) if step.key not in over]
        return [step for step in fresh if step.ended or (step.id and step.key not in begun)]

    while True:
        running.wait_until(lambda: running.ended or news())
        changed = news()
        # One look may find a step's end and the start of those that waited for it: the end came first.
        _tell_ends(out, [step for step in changed if step.key in begun or not step.id], over)
        starting = [step for step in changed if step.id and step.key not in begun]
        if starting:
            names = ", ".join("{}:{}".format(step.key, step.id) for step in starting)
            _line(out, "Submitting {} runs, first five are: {}".format(len(starting), names))
            begun += [step.key for step in starting]
        _tell_ends(out, starting, over)
        if running.ended and not news():
            break
    _line(out, "Finishing experiment: no runs left and nothing to schedule.")


def _tell_ends(out, steps, over):
    for step in steps:
        if step.ended:
            over.append(step.key)
            _line(out, _ending(step))


def _ending(step):
    if step.status == "Failed":
        why = (step.failure or {}).get("summary") or "exit status {}".format(step.exit_code)
        return "Execution of experiment failed, node {} ({}): {}".format(step.key, step.id, why)
    if step.status in ("Reused", "Skipped"):
        return "{} {}: {}".format(step.status, step.key, step.reason)
    return "Completing processing run id {} ({}).".format(step.id, step.key)


def _line(out, text):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
    out.write("[{}] {}\n".format(now, text))
    out.flush()


def _wait(jobs, name):
    """The final status of a run that another process has started."""
    import time

    while True:
        status = jobs._record(name)["status"]
        if status in ("Completed", "Failed", "Canceled"):
            return status
        time.sleep(0.2)


def _failed_steps(running):
    return [step for step in running.steps.values() if step.status == "Failed"]


def _error(name, running, failed):
    """What the run's record says in the cloud, and each failure as amlocal found it."""
    if not failed:
        text = running.errors() if running is not None else ""
        return {"code": "UserError", "message": text or "The run failed. `amlocal runs show {}` says why.".format(name)}
    nodes = ", ".join("/" + step.key for step in failed)
    lines = ["Pipeline has failed child jobs. Failed nodes: {}.".format(nodes)] if len(running.order) > 1 else []
    details = []
    for step in failed:
        failure = step.failure or {}
        words = [failure.get("summary"), failure.get("exception"), failure.get("place"), failure.get("hint")]
        details.append({"code": failure.get("kind", "exit_code"), "target": step.key,
                        "message": " ".join(word for word in words if word)})
        lines.append("{}: {}".format(step.key, details[-1]["message"]))
        lines.append("`amlocal runs logs {}/{}` shows its log.".format(name, step.key))
    return {"code": "UserError", "message": " ".join(lines), "details": details}


def _exception(text):
    from azure.ai.ml.exceptions import ErrorCategory, ErrorTarget, JobException

    return JobException(message=text, no_personal_data_message="Exception raised on failed job.", target=ErrorTarget.JOB,
                        error_category=ErrorCategory.SYSTEM_ERROR)
