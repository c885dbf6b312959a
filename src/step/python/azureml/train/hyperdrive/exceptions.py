"""What is wrong with a sweep."""
from azureml._common.exceptions import AzureMLException


class HyperDriveConfigException(AzureMLException):
    pass
