"""When a sweep gives a trial up."""


def _refuse(text):
    from azureml.train.hyperdrive.exceptions import HyperDriveConfigException

    raise HyperDriveConfigException(text)


class EarlyTerminationPolicy:
    _v2 = None

    def __init__(self, name, properties=None):
        self._name, self._properties = name, properties

    def to_json(self):
        return {"name": self._name, "properties": self._properties} if self._properties else {"name": self._name}

    def _as_v2(self):
        return dict({"type": self._v2}, **(self._properties or {})) if self._v2 else None


class NoTerminationPolicy(EarlyTerminationPolicy):
    def __init__(self):
        super().__init__("Default")


class _Timed(EarlyTerminationPolicy):
    def __init__(self, name, evaluation_interval, delay_evaluation, more=None):
        super().__init__(name, dict({"evaluation_interval": evaluation_interval, "delay_evaluation": delay_evaluation}, **(more or {})))

    @property
    def evaluation_interval(self):
        return self._properties["evaluation_interval"]

    @property
    def delay_evaluation(self):
        return self._properties["delay_evaluation"]


class BanditPolicy(_Timed):
    _v2 = "bandit"

    def __init__(self, evaluation_interval=1, slack_factor=None, slack_amount=None, delay_evaluation=0):
        if (slack_factor is None) == (slack_amount is None):
            _refuse("Bandit termination policy expects exactly one of slack factor or slack amount to be set.")
        slack = {"slack_factor": slack_factor} if slack_amount is None else {"slack_amount": slack_amount}
        super().__init__("Bandit", evaluation_interval, delay_evaluation, slack)

    @property
    def slack_factor(self):
        return self._properties.get("slack_factor")


class MedianStoppingPolicy(_Timed):
    _v2 = "median_stopping"

    def __init__(self, evaluation_interval=1, delay_evaluation=0):
        super().__init__("MedianStopping", evaluation_interval, delay_evaluation)


class TruncationSelectionPolicy(_Timed):
    _v2 = "truncation_selection"

    def __init__(self, truncation_percentage, evaluation_interval=1, delay_evaluation=0, exclude_finished_jobs=False):
        if not 1 <= truncation_percentage <= 99:
            _refuse("truncation_percentage expects value to be between 1 and 99.")
        more = {"truncation_percentage": truncation_percentage, "exclude_finished_jobs": exclude_finished_jobs}
        super().__init__("TruncationSelection", evaluation_interval, delay_evaluation, more)

    @property
    def truncation_percentage(self):
        return self._properties["truncation_percentage"]

    def _as_v2(self):
        return {key: value for key, value in super()._as_v2().items() if key != "exclude_finished_jobs"}
