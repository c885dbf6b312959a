"""The exceptions of the v1 SDK, with its classes' places in the tree and its texts."""
from azureml._common.exceptions import AzureMLAggregatedException, AzureMLException


class ActivityFailedException(AzureMLException):
    """A run failed. Its message is `Activity Failed:` and what is known of the cause."""

    def __init__(self, error_details, **kwargs):
        if not isinstance(error_details, str):
            import json

            error_details = json.dumps(error_details, indent=4)
        super().__init__("Activity Failed:\n{}".format(error_details), **kwargs)


class UserErrorException(AzureMLException):
    _error_code = "UserError"


class AuthenticationException(UserErrorException):
    _error_code = "Authentication"


class ComputeTargetException(AzureMLException):
    pass


class DatasetTimestampMissingError(AzureMLException):
    pass


class DiscoveryUrlNotFoundException(AzureMLException):
    pass


class ExperimentExecutionException(AzureMLException):
    pass


class ModelNotFoundException(AzureMLException):
    pass


class ModelPathNotFoundException(AzureMLException):
    pass


class ParallelRunException(AzureMLException):
    pass


class ProjectSystemException(AzureMLException):
    pass


class RunConfigurationException(AzureMLException):
    pass


class RunEnvironmentException(AzureMLException):
    def __init__(self, exception_message=None, **kwargs):
        text = exception_message or (
            "Could not load a submitted run, if outside of an execution context, "
            "use experiment.start_logging to initialize an azureml.core.Run."
        )
        super().__init__(text, **kwargs)


class ServiceException(AzureMLException):
    """The workspace refused a request, or nobody answered (`status_code` is None then).

    `error` is the answer's JSON, of the shape {"error": {"code", "message", "details"}}."""

    def __init__(self, exception_message, status_code=None, error=None, **kwargs):
        super().__init__(exception_message, **kwargs)
        self.status_code = status_code
        self.error = error or {}

    @property
    def error_code(self):
        return (self.error.get("error") or {}).get("code")


class SnapshotException(AzureMLException):
    pass


class TrainingException(AzureMLException):
    pass


class WebserviceException(AzureMLException):
    pass


class WorkspaceException(AzureMLException):
    pass


class WorkspacePrivateEndpointException(AzureMLException):
    pass


__all__ = [name for name, value in list(globals().items()) if isinstance(value, type)]
