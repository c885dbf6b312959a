"""Workspace: the local one. Its names may be those of the cloud's; its data, models and runs are here."""
import os


class Workspace:
    """The workspace of this machine, whatever it is asked for: there is no other.

    Nothing is asked of amlocal before it is needed."""

    _chosen_datastore = None
    DEFAULT_CPU_CLUSTER_NAME = "cpu-cluster"
    DEFAULT_GPU_CLUSTER_NAME = "gpu-cluster"

    def __init__(
        self,
        subscription_id,
        resource_group,
        workspace_name,
        auth=None,
        _location=None,
        _disable_service_check=False,
        _workspace_id=None,
        sku="basic",
        tags=None,
        _cloud="AzureCloud",
    ):
        self._subscription_id, self._resource_group, self._name = subscription_id, resource_group, workspace_name
        self._auth = auth
        self._sku = sku or "basic"
        self._given_location, self._given_tags = _location, tags
        self._known = None

    # -- which one --------------------------------------------------------------------------------
    @staticmethod
    def _local():
        """The workspace under the names that amlocal knows it by."""
        return Workspace(None, None, None)

    @staticmethod
    def from_config(path=None, auth=None, _logger=None, _file_name=None):
        """The workspace of this project. A config.json gives it its names; none is needed."""
        from azureml._client import in_step
        from azureml.core import _workspace_config as config

        file = config.find(path or ".", _file_name)
        if file is None and (path is not None or _file_name is not None):
            raise config.not_found(path or ".")
        if in_step():
            import logging

            logging.getLogger("azureml").warning(
                "Workspace.from_config() in a step asks for a login in the cloud, where nobody answers. "
                "Use Run.get_context().experiment.workspace, which works in both."
            )
        names = config.read(file) if file else {}
        return Workspace(
            names.get("subscription_id"), names.get("resource_group"), names.get("workspace_name"), auth=auth
        )

    @staticmethod
    def get(
        name, auth=None, subscription_id=None, resource_group=None, location=None, cloud="AzureCloud", id=None
    ):
        return Workspace(subscription_id, resource_group, name, auth=auth, _location=location)

    @staticmethod
    def create(
        name,
        auth=None,
        subscription_id=None,
        resource_group=None,
        location=None,
        create_resource_group=True,
        sku="basic",
        tags=None,
        friendly_name=None,
        storage_account=None,
        key_vault=None,
        app_insights=None,
        container_registry=None,
        adb_workspace=None,
        primary_user_assigned_identity=None,
        cmk_keyvault=None,
        resource_cmk_uri=None,
        hbi_workspace=False,
        default_cpu_compute_target=None,
        default_gpu_compute_target=None,
        private_endpoint_config=None,
        private_endpoint_auto_approval=True,
        exist_ok=False,
        show_output=True,
        user_assigned_identity_for_cmk_encryption=None,
        system_datastores_auth_mode="accesskey",
        v1_legacy_mode=None,
    ):
        """Creates nothing: the local workspace under that name."""
        return Workspace(subscription_id, resource_group, name, auth, location, sku=sku, tags=tags)

    @staticmethod
    def list(subscription_id, auth=None, resource_group=None):
        """{name: [workspace]}: the local one."""
        workspace = Workspace(subscription_id, resource_group, None, auth=auth)
        return {workspace.name: [workspace]}

    @staticmethod
    def setup():
        return Workspace.from_config()

    # -- its names --------------------------------------------------------------------------------
    @property
    def _client(self):
        from azureml._client import connect

        return connect()

    def _facts(self):
        if self._known is None:
            self._known = self._client.get("/workspace")
        return self._known

    @property
    def name(self):
        return self._name or self._facts()["name"]

    _workspace_name = name

    @property
    def subscription_id(self):
        return self._subscription_id or self._facts()["subscription_id"]

    @property
    def resource_group(self):
        return self._resource_group or self._facts()["resource_group"]

    @property
    def location(self):
        return self._given_location or self._facts()["location"]

    @property
    def sku(self):
        return self._sku

    @property
    def tags(self):
        return dict(self._given_tags or {})

    @property
    def discovery_url(self):
        return self._client.endpoint + "/discovery"

    @property
    def service_context(self):
        _refuse("service_context", "use the members of Workspace and Run")

    def _scope(self):
        return (
            "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.MachineLearningServices/workspaces/{}".format(
                self.subscription_id, self.resource_group, self.name
            )
        )

    def get_details(self):
        return {
            "id": self._scope(),
            "name": self.name,
            "location": self.location,
            "type": "Microsoft.MachineLearningServices/workspaces",
            "tags": self.tags,
            "sku": self.sku,
            "workspaceid": self._scope(),
            "description": "",
            "friendlyName": self.name,
            "discoveryUrl": self.discovery_url,
        }

    def write_config(self, path=None, file_name=None):
        """Writes .azureml/config.json below `path` (default: here)."""
        from azureml.core import _workspace_config as config

        config.write(path or os.getcwd(), file_name, self._scope())

    def get_mlflow_tracking_uri(self, _with_auth=False):
        """For mlflow.set_tracking_uri. In a step amlocal has set it already."""
        set_for_step = os.environ.get("MLFLOW_TRACKING_URI")
        if set_for_step:
            return set_for_step
        os.environ.setdefault("MLFLOW_TRACKING_TOKEN", self._client.token)
        return self._client.endpoint

    # -- what is in it ----------------------------------------------------------------------------
    @property
    def datastores(self):
        from azureml.core.datastore import Datastore

        return {one["name"]: Datastore._of(self, one) for one in self._client.get("/datastores")["datastores"]}

    def get_default_datastore(self):
        from azureml.core.datastore import Datastore

        return Datastore.get_default(self)

    def set_default_datastore(self, name):
        """From here on the default datastore of this process; amlocal's own stays what it is."""
        from azureml.core.datastore import Datastore

        Datastore.get(self, name)
        Workspace._chosen_datastore = name

    @property
    def datasets(self):
        """{name: the newest version}"""
        from azureml.core.dataset import Dataset

        return Dataset.get_all(self)

    @property
    def experiments(self):
        from azureml.core.experiment import Experiment

        return {one.name: one for one in Experiment.list(self)}

    @property
    def models(self):
        """{name: the newest version}"""
        from azureml.core.model import Model

        return {one.name: one for one in Model.list(self, latest=True)}

    @property
    def environments(self):
        from azureml.core.environment import Environment

        return Environment.list(self)

    @property
    def compute_targets(self):
        """{name: target} of those that were created; any other name is found too: this machine stands for it."""
        from azureml.core.compute import Targets

        return Targets(self)

    def get_default_compute_target(self, type):
        return self.compute_targets.get("cpu-cluster" if type == "CPU" else "gpu-cluster")

    def get_default_keyvault(self):
        from azureml.core.keyvault import Keyvault

        return Keyvault(self)

    def get_run(self, run_id):
        from azureml.core.run import Run

        return Run.get(self, run_id)

    @property
    def webservices(self):
        return {}

    @property
    def images(self):
        return {}

    @property
    def linked_services(self):
        return []

    @property
    def private_endpoints(self):
        return {}

    # -- what only the cloud can do ---------------------------------------------------------------
    def sync_keys(self, no_wait=False):
        """Nothing to do: there are no keys."""

    def update_dependencies(self, container_registry=None, force=False):
        """Nothing to do: the workspace depends on no other service."""

    def delete(self, delete_dependent_resources=False, no_wait=False):
        _refuse("delete", "delete the folder .amlocal yourself if that is what you want")

    def update(
        self,
        friendly_name=None,
        description=None,
        tags=None,
        image_build_compute=None,
        service_managed_resources_settings=None,
        primary_user_assigned_identity=None,
        allow_public_access_when_behind_vnet=None,
        v1_legacy_mode=None,
    ):
        _refuse("update")

    def add_private_endpoint(
        self, private_endpoint_config, private_endpoint_auto_approval=True, location=None, show_output=True, tags=None
    ):
        _refuse("add_private_endpoint")

    def delete_private_endpoint_connection(self, private_endpoint_connection_name):
        _refuse("delete_private_endpoint_connection")

    def list_connections(self, category=None, target=None):
        _refuse("list_connections")

    def get_connection(self, name):
        _refuse("get_connection")

    def set_connection(self, name, category, target, authType, value):
        _refuse("set_connection")

    def delete_connection(self, name):
        _refuse("delete_connection")

    def diagnose_workspace(self, diagnose_parameters):
        _refuse("diagnose_workspace", "`amlocal doctor` looks at this machine")

    def list_keys(self):
        _refuse("list_keys")

    def __repr__(self):
        return "Workspace.create(name={!r}, subscription_id={!r}, resource_group={!r})".format(
            shown(self, "name"), shown(self, "subscription_id"), shown(self, "resource_group")
        )

    __str__ = __repr__


def shown(workspace, what):
    """For a text about it: None where nobody can be asked."""
    from azureml.exceptions import AzureMLException

    try:
        return getattr(workspace, what)
    except AzureMLException:
        return None


def _refuse(name, instead="leave it out: nothing leaves this machine"):
    from azureml._absent import refuse

    refuse("azureml.core.Workspace." + name, instead)


def __getattr__(name):
    from azureml._also import lookup

    return lookup(__name__, name)
