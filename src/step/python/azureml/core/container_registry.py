"""Where an image would come from: kept with the environment, never called here."""
from azureml.core._settings import Settings


class RegistryIdentity(Settings):
    def __init__(self):
        self._set(resource_id=None, client_id=None)


class ContainerRegistry(Settings):
    def __init__(self):
        self._set(address=None, username=None, password=None, registry_identity=None)
