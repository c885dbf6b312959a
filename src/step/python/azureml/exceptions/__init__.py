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

    def __init__(self, exception_message, **kwargs):
        super().__init__(exception_message, **kwargs)


class AuthenticationException(UserErrorException):
    _error_code = "Authentication"


class ComputeTargetException(AzureMLException):
    def __init__(self, exception_message, **kwargs):
        super().__init__(exception_message, **kwargs)


class DatasetTimestampMissingError(AzureMLException):
    def __init__(self, error_details, **kwargs):
        super().__init__(error_details, **kwargs)


class DiscoveryUrlNotFoundException(AzureMLException):
    def __init__(self, discovery_key, **kwargs):
        super().__init__(
            "Could not load discovery key {}, from environment variables.".format(discovery_key), **kwargs
        )


class ExperimentExecutionException(AzureMLException):
    def __init__(self, exception_message, **kwargs):
        super().__init__(exception_message, **kwargs)


class ModelNotFoundException(AzureMLException):
    def __init__(self, exception_message, logger=None, **kwargs):
        super().__init__(exception_message, **kwargs)


class ModelPathNotFoundException(AzureMLException):
    def __init__(self, exception_message, logger=None, **kwargs):
        super().__init__(exception_message, **kwargs)


class ParallelRunException(AzureMLException):
    def __init__(self, exception_message, code=None, delay_seconds=0, **kwargs):
        super().__init__(exception_message, **kwargs)
        self.code, self.delay_seconds = code, delay_seconds


class ProjectSystemException(AzureMLException):
    def __init__(self, exception_message, **kwargs):
        super().__init__(exception_message, **kwargs)


class RunConfigurationException(AzureMLException):
    def __init__(self, exception_message, **kwargs):
        super().__init__(exception_message, **kwargs)


class RunEnvironmentException(AzureMLException):
    def __init__(self, **kwargs):
        super().__init__(
            "Could not load a submitted run, if outside of an execution context, "
            "use experiment.start_logging to initialize an azureml.core.Run.",
            **kwargs
        )


class ServiceException(AzureMLException):
    """The workspace refused a request, or nobody answered (`status_code` is None then).

    `error` is the answer's JSON, of the shape {"error": {"code", "message", "details"}}."""

    def __init__(self, error_response_exception, **kwargs):
        self.status_code, self.error = kwargs.pop("status_code", None), kwargs.pop("error", None) or {}
        super().__init__(str(error_response_exception), **kwargs)

    @property
    def error_code(self):
        return (self.error.get("error") or {}).get("code")


class SnapshotException(AzureMLException):
    def __init__(self, exception_message, **kwargs):
        super().__init__(exception_message, **kwargs)


class TrainingException(AzureMLException):
    def __init__(self, exception_message, **kwargs):
        super().__init__(exception_message, **kwargs)


class WebserviceException(AzureMLException):
    def __init__(self, exception_message, status_code=None, logger=None, **kwargs):
        super().__init__(exception_message, **kwargs)
        self.status_code = status_code


class WorkspaceException(AzureMLException):
    def __init__(self, exception_message, found_multiple=False, **kwargs):
        super().__init__(exception_message, **kwargs)
        self.found_multiple = found_multiple


class WorkspacePrivateEndpointException(AzureMLException):
    def __init__(self, exception_message, found_multiple=False, **kwargs):
        super().__init__(exception_message, **kwargs)
        self.found_multiple = found_multiple


__all__ = [name for name, value in list(globals().items()) if isinstance(value, type)]
