"""What is raised: StepFailed for a step that failed, StepError where none could be started."""


class StepFailed(AssertionError):
    """The step ran and failed. `result` has what came of it."""

    def __init__(self, text, result=None):
        super().__init__(text)
        self.result = result


class StepError(Exception):
    """Nothing ran: a step or input that there is not, a program that is missing, data that does not fit."""


def hidden(excinfo):
    """For pytest: the plugin's own lines are left out of the traceback of what a test is to see."""
    return excinfo is None or isinstance(excinfo.value, (StepError, AssertionError, KeyError, AttributeError))


# As a user meets them in a report.
for _error in (StepFailed, StepError):
    _error.__module__ = "amlocal"
