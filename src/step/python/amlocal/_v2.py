"""The client of azure-ai-ml (SDK v2) on this machine. The real package builds jobs, components and assets; this stands
in the place of its MLClient and speaks with amlocal instead of Azure Resource Manager.
"""
import json
import os

NOBODY = "00000000-0000-0000-0000-000000000000"

# The SDK's operations that amlocal has nothing for → what to do instead.
ABSENT = {
    "azure_openai_deployments": "",
    "batch_deployments": "run the deployment's pipeline with `amlocal run`",
    "batch_endpoints": "run the endpoint's pipeline with `amlocal run`",
    "capability_hosts": "",
    "connections": "keep what a connection holds with `amlocal secret set NAME`",
    "deployment_templates": "",
    "evaluators": "",
    "feature_sets": "",
    "feature_store_entities": "",
    "feature_stores": "",
    "indexes": "",
    "marketplace_subscriptions": "",
    "online_deployments": "call the scoring script's init() and run() in a test",
    "online_endpoints": "call the scoring script's init() and run() in a test",
    "registries": "put a file in the place of a registry's component with `amlocal component map`",
    "schedules": "start `amlocal run` from cron",
    "serverless_endpoints": "",
    "workspace_outbound_rules": "",
}


class NotHere:
    """Operations that amlocal does not have. Using one raises what says so."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, member):
        if member.startswith("__"):
            raise AttributeError(member)
        instead = ABSENT[self._name]
        from azure.ai.ml.exceptions import MlException

        text = "amlocal has no {}: MLClient.{}.{} needs Azure".format(self._name.replace("_", " "), self._name, member)
        text += "; here: " + instead if instead else ""
        raise MlException(text, text)


def install(module):
    """Puts the local client in the place of `azure.ai.ml._ml_client.MLClient`, wherever it is known by now."""
    import sys

    local = _local_client(module.MLClient)
    module.MLClient = local
    package = sys.modules.get("azure.ai.ml")
    if package is not None and hasattr(package, "MLClient"):
        package.MLClient = local


def _local_client(real):
    class MLClient(real):
        """`azure.ai.ml.MLClient` on this machine. Credentials and names are taken and not checked."""

        def __init__(
            self,
            credential=None,
            subscription_id=None,
            resource_group_name=None,
            workspace_name=None,
            registry_name=None,
            **kwargs
        ):
            from azureml import _client

            from amlocal import _v2_assets, _v2_compute, _v2_jobs

            door = _client.connect()
            here = door.get("/workspace")
            self._credential, self._registry = credential, registry_name
            self._subscription = subscription_id or NOBODY
            self._group = resource_group_name or here["resource_group"]
            self._workspace = workspace_name or here["name"]
            own = {
                "jobs": _v2_jobs.Jobs(door, here["root"]),
                "components": _v2_assets.Components(door, here["root"]),
                "data": _v2_assets.Data(door, here["root"]),
                "environments": _v2_assets.Environments(door, here["root"]),
                "models": _v2_assets.Models(door, here["root"]),
                "datastores": _v2_compute.Datastores(door, here["root"]),
                "compute": _v2_compute.Computes(door, here["root"]),
                "workspaces": _v2_compute.Workspaces(door, here["root"], self),
            }
            self._local = dict({name: NotHere(name) for name in ABSENT}, **own)

        @classmethod
        def from_config(cls, credential=None, *, path=None, file_name=None, **kwargs):
            """Names come from a config.json where there is one; none is needed."""
            names = _names_in_config(path, file_name)
            return cls(credential, *names, **kwargs)

        def create_or_update(self, entity, **kwargs):
            return _operations_for(entity, self._local, ("jobs", "components", "data", "environments", "models",
                                                         "datastores")).create_or_update(entity, **kwargs)

        def begin_create_or_update(self, entity, **kwargs):
            from azure.ai.ml.entities import Workspace

            if isinstance(entity, Workspace):
                return self._local["workspaces"].begin_create(entity, **kwargs)
            return _operations_for(entity, self._local, ("compute",)).begin_create_or_update(entity, **kwargs)

        @property
        def subscription_id(self):
            return self._subscription

        @property
        def resource_group_name(self):
            return self._group

        @property
        def workspace_name(self):
            return self._workspace

        def __repr__(self):
            return "MLClient(local: {}, workspace_name={})".format(self._local["jobs"].root, self._workspace)

    def operations(name):
        return property(lambda self: self._local[name])

    for name in list(ABSENT) + ["jobs", "components", "data", "environments", "models", "datastores", "compute", "workspaces"]:
        setattr(MLClient, name, operations(name))
    MLClient.__module__, MLClient.__qualname__ = real.__module__, "MLClient"
    return MLClient


def _operations_for(entity, operations, names):
    from azure.ai.ml import entities

    kinds = {
        "jobs": entities.Job,
        "components": entities.Component,
        "data": entities.Data,
        "environments": entities.Environment,
        "models": entities.Model,
        "datastores": entities.Datastore,
        "compute": entities.Compute,
    }
    from azure.ai.ml.entities._builders import BaseNode

    for name in names:
        if isinstance(entity, kinds[name]) or (name == "jobs" and isinstance(entity, BaseNode)):
            return operations[name]
    raise TypeError("Please refer to create_or_update docstring for valid input types.")


def _names_in_config(path, file_name):
    """(subscription, group, workspace), None where no file says them. Where the real one looks: `path`, else the
    working folder and those above, there also in .azureml."""
    name = file_name or "config.json"
    given = os.path.abspath(str(path or "."))
    if os.path.isfile(given):
        candidates = [given]
    else:
        folders = [given]
        while os.path.dirname(folders[-1]) != folders[-1]:
            folders.append(os.path.dirname(folders[-1]))
        candidates = [os.path.join(folder, *parts) for folder in folders for parts in ((".azureml", name), (name,))]
    for file in candidates:
        try:
            with open(file, encoding="utf-8-sig") as opened:
                said = json.load(opened)
        except (OSError, ValueError):
            continue
        if isinstance(said, dict) and "workspace_name" in said:
            return said.get("subscription_id"), said.get("resource_group"), said["workspace_name"]
    return None, None, None


# -- what the operations share ------------------------------------------------------------------------------------
class Operations:
    def __init__(self, door, root):
        self._door, self.root = door, root

    def _document(self, kind, name, version=None):
        """The content of a document of the workspace, or None."""
        from azureml import _client

        found = self._door.find("/documents/{}/{}".format(kind, _client.quote(name)), version=version)
        return found["content"] if found else None

    def _documents(self, kind):
        return [each["content"] for each in self._door.get("/documents/" + kind)["documents"]]

    def _keep(self, kind, name, content, version=None):
        from azureml import _client

        self._door.put("/documents/{}/{}".format(kind, _client.quote(name)), content, version=version)


def not_found(text):
    from azure.core.exceptions import ResourceNotFoundError

    return ResourceNotFoundError(text)


def done(result):
    """A poller of the SDK whose work is done."""
    from azure.core.polling import LROPoller, NoPolling

    return LROPoller(None, result, lambda response: response, NoPolling())


def program(*words):
    """Runs amlocal; what it prints. Raises what it says when it fails."""
    import subprocess

    from azureml import _client

    ended = subprocess.run([_client.program(), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if ended.returncode != 0:
        from azure.ai.ml.exceptions import MlException

        text = (ended.stderr or ended.stdout).strip()
        raise MlException(text, text)
    return ended.stdout
