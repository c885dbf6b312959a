"""A run as the real SDK shows it: its status, each step's log as it grows, summaries."""
import sys
import time

POLL_SECONDS = 0.05  # how often a growing log is looked at
V1_STATUS = {"Completed": "Finished", "Reused": "Finished", "Skipped": "NotStarted"}


def v1_status(status):
    """The word of pipeline and step runs: Finished, where other runs say Completed."""
    return V1_STATUS.get(status, status)


class Follower:
    """Writes what is added to a file."""

    def __init__(self, path, out):
        self._path, self._out, self._file = path, out, None

    def show(self):
        """Whether there was something new."""
        if self._file is None:
            try:
                self._file = open(self._path, encoding="utf-8", errors="replace", newline="")
            except OSError:
                return False
        text = self._file.read()
        self._out.write(text)
        return bool(text)

    def close(self):
        if self._file is not None:
            self._file.close()


def rule(text):
    return "{}\n{}".format(text, "=" * len(text))


def draw_step(name, run_id, step, out, wait_for_end):
    """One step from its start to its end. `wait_for_end(seconds)` waits a moment and says whether it has ended."""
    from azureml._submit import portal

    out.write("\n\n\nStepRunId: {}\n".format(step.id))
    out.write("Link to Azure Machine Learning Portal: {}\n".format(portal(run_id, step.key)))
    out.write("StepRun( {} ) Status: {}\n".format(name, v1_status(step.status)))
    if step.log:
        out.write("\n{}\n\n".format(rule("Streaming user_logs/std_log.txt")))
        log = Follower(step.log, out)
        try:
            while True:
                ended = wait_for_end(POLL_SECONDS)
                if log.show():
                    out.flush()
                if ended:
                    break
        finally:
            log.close()
    out.write("\n{}\n".format(rule("StepRun({}) Execution Summary".format(name))))
    out.write("StepRun( {} ) Status: {}\n".format(name, v1_status(step.status)))
    out.flush()


def draw_pipeline(running, names, out, deadline=None):
    """The whole run, one step after the other in the order in which they started. `names`: {key: v1 name}.

    Returns False when the deadline (time.monotonic) came first."""
    drawn = []

    def waiting(seconds):
        return deadline is None or time.monotonic() + seconds < deadline

    while True:
        following = next((step for key, step in list(running.steps.items()) if key not in drawn and step.id), None)
        if following is None:
            following = next((step for key, step in list(running.steps.items()) if key not in drawn and step.ended), None)
            if following is not None:  # reused or skipped: it has no log
                drawn.append(following.key)
                _draw_passed_over(names.get(following.key, following.key), following, out)
                continue
            if running.ended:
                return True
            if not waiting(0):
                return False
            running.wait_until(lambda: running.ended or any(
                key not in drawn and (step.id or step.ended) for key, step in running.steps.items()), 0.5)
            continue
        drawn.append(following.key)

        def ended(seconds, step=following):
            return running.wait_until(lambda: step.ended or running.ended, seconds) or not waiting(seconds)

        draw_step(names.get(following.key, following.key), running.id, following, out, ended)


def _draw_passed_over(name, step, out):
    if step.status == "Reused":
        out.write("\nStepRun( {} ) Status: Finished (reused: {})\n".format(name, step.reason or step.from_run))
    else:
        out.write("\nStepRun( {} ) Status: {} ({})\n".format(name, v1_status(step.status), step.reason or "not run"))
    out.flush()


def stdout():
    """Where print() goes now: a notebook replaces it."""
    return sys.stdout
