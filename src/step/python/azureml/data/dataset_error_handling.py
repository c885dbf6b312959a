"""The errors of datasets: what cannot be read, and why."""
from azureml.exceptions import UserErrorException


class DatasetValidationError(UserErrorException):
    """A definition that no data fits."""

    _error_code = "Validation"

    def __init__(self, message, exception=None):
        super().__init__(message, inner_exception=exception)


class DatasetExecutionError(UserErrorException):
    """Data that cannot be read as the definition says."""

    _error_code = "Execution"

    def __init__(self, message, exception=None):
        super().__init__(message, inner_exception=exception)


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
